// Subscribers that fetch what the log holds, all of them at once, one time after the other.
import { median } from '../median.ts';
import { Audience } from './audience.ts';
import { type JobResult, PAYLOAD_BYTES, type ReplayJob, type Target, TOPIC } from './job.ts';
import { startMeter, type Usage } from './meter.ts';
import { createPayload } from './payload.ts';
import { Publishers } from './publishers.ts';

export async function runReplay(job: ReplayJob, target: Target): Promise<JobResult> {
  if (job.publishesFirst === true) await publish(job, target);
  const usages: Usage[] = [];
  const faults: string[] = [];
  for (let time = 0; time < (job.times ?? 1); time++) usages.push(await replayOnce(job, target, faults));
  const medianOf = (key: keyof Usage): number => median(usages.map((usage) => usage[key]));
  const seconds = medianOf('seconds');
  return {
    figures: { replayMs: seconds * 1000, eventsPerSecond: (job.subscribers * job.events) / seconds },
    generatorBusy: medianOf('generatorBusy'),
    brokerBusy: medianOf('brokerBusy'),
    othersBusy: medianOf('othersBusy'),
    faults,
  };
}

async function replayOnce(job: ReplayJob, target: Target, faults: string[]): Promise<Usage> {
  const { port, pids, headers } = target;
  const payload = createPayload(PAYLOAD_BYTES);
  const audience = new Audience({ port, payload, format: job.format, headers });
  const listener = { path: job.path, laneCount: 1, headers: ['X-Fetch-Since: 0'] };
  for (let i = 0; i < job.subscribers; i++) audience.add(listener);
  const endMeter = startMeter(pids);
  const startMs = performance.now();
  await audience.openAll(audience.subscribers);
  await audience.whenDelivered(job.subscribers * job.events);
  const endMs = Math.max(...audience.subscribers.map(({ lastDeliveryMs }) => lastDeliveryMs));
  const usage = endMeter();
  faults.push(...audience.findFaults(Int32Array.of(job.events)));
  for (const subscriber of audience.subscribers) subscriber.close();
  return { ...usage, seconds: (endMs - startMs) / 1000 };
}

async function publish({ events }: ReplayJob, { port }: Target): Promise<void> {
  const payload = createPayload(PAYLOAD_BYTES);
  const publishers = new Publishers({ port, connectionCount: 1, topics: [TOPIC], payload });
  await publishers.open();
  await publishers.runClosed(() => publishers.ackedCount === events);
  publishers.close();
}

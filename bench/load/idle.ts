// Subscribers that get nothing: what each costs the broker in memory.
import { Audience } from './audience.ts';
import { type IdleJob, type JobResult, PAYLOAD_BYTES, type Target, TOPIC } from './job.ts';
import { residentKiB, startMeter } from './meter.ts';
import { createPayload } from './payload.ts';

/** Rest before memory is read, milliseconds. */
const SETTLE_MS = 1_000;

export async function runIdle(job: IdleJob, target: Target): Promise<JobResult> {
  const { port, pids, headers } = target;
  const audience = new Audience({
    port,
    payload: createPayload(PAYLOAD_BYTES),
    format: undefined,
    headers,
  });
  // The first ones make the broker load and compile what it needs for any subscriber.
  for (let i = 0; i < job.subscribers / 10; i++) audience.add({ path: TOPIC, laneCount: 0 });
  await audience.openAll(audience.subscribers);
  await settle();
  const endMeter = startMeter(pids);
  const beforeKiB = residentKiB(pids);
  const measured = Array.from({ length: job.subscribers }, () => audience.add({ path: TOPIC, laneCount: 0 }));
  await audience.openAll(measured);
  await settle();
  const figures = { kibPerSubscriber: (residentKiB(pids) - beforeKiB) / job.subscribers };
  return { figures, ...endMeter(), faults: audience.findFaults(new Int32Array(0)) };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}

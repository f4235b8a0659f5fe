// Publishing, with new subscribers all along and old ones that wait for keep-alives: does the broker's loop respond?
import { quantile } from '../median.ts';
import { Audience } from './audience.ts';
import { type JobResult, PAYLOAD_BYTES, type ResponsiveJob, type Target, TOPIC } from './job.ts';
import { startMeter } from './meter.ts';
import { createPayload } from './payload.ts';
import { Publishers } from './publishers.ts';

/** Subscribers that wait for keep-alives. */
const WAITING_COUNT = 50;

/** Time between two new subscribers, milliseconds. */
const ARRIVAL_MS = 20;

/** Where the new and the waiting subscribers are: nobody publishes there. */
const QUIET_TOPIC = '/quiet';

export async function runResponsive(job: ResponsiveJob, target: Target): Promise<JobResult> {
  const { port, pids, headers } = target;
  const payload = createPayload(PAYLOAD_BYTES);
  const audience = new Audience({ port, payload, format: undefined, headers });
  const publishers = new Publishers({ port, connectionCount: job.publishers, topics: [TOPIC], payload });
  const listener = { path: QUIET_TOPIC, laneCount: 0 };
  await audience.openAll(Array.from({ length: WAITING_COUNT }, () => audience.add(listener)));
  await publishers.open();
  publishers.ackMs = [];
  const aliveGapsMs = (audience.aliveGapsMs = []);
  const endMeter = startMeter(pids);
  const arrivals = keepArriving(audience, job.seconds);
  await publishers.runOpen(job.rate, job.seconds);
  const arrivalMs = await arrivals;
  const figures = {
    firstLineP99Ms: quantile(arrivalMs, 0.99),
    aliveGapP99Ms: quantile(aliveGapsMs, 0.99),
    ackP99Ms: quantile(publishers.ackMs, 0.99),
  };
  const usage = endMeter();
  publishers.close();
  return { ...usage, figures, faults: audience.findFaults(new Int32Array(0)) };
}

// How long each new subscriber waited for its first line.
async function keepArriving(audience: Audience, seconds: number): Promise<number[]> {
  const endMs = performance.now() + seconds * 1000;
  const waitedMs: number[] = [];
  while (performance.now() < endMs) {
    const startMs = performance.now();
    const subscriber = audience.add({ path: QUIET_TOPIC, laneCount: 0 });
    const firstLine = subscriber.whenFirstLine();
    await subscriber.open();
    await firstLine;
    waitedMs.push(performance.now() - startMs);
    subscriber.close();
    await new Promise((resolve) => setTimeout(resolve, ARRIVAL_MS));
  }
  return waitedMs;
}

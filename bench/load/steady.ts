// Publishers and subscribers for a while, in a closed loop or at a rate.
import { quantile } from '../median.ts';
import { Audience, type Listener } from './audience.ts';
import { type JobResult, PAYLOAD_BYTES, type SteadyJob, type Target, TOPIC } from './job.ts';
import { startMeter } from './meter.ts';
import { findOldestIndex } from './oldest-event.ts';
import { createPayload } from './payload.ts';
import { Publishers } from './publishers.ts';

/** What is done before it counts: the code gets compiled, the queues fill. */
const WARM_UP_SECONDS = 0.4;

/** Rest between the last subscriber's arrival and the first event. */
const SETTLE_MS = 200;

export async function runSteady(job: SteadyJob, target: Target): Promise<JobResult> {
  const payload = createPayload(PAYLOAD_BYTES);
  const topics = topicsOf(job);
  const { port, headers } = target;
  const publishers = new Publishers({ port, connectionCount: job.publishers, topics, payload });
  const audience = new Audience({ port, payload, format: job.format, headers });
  for (let i = 0; i < job.subscribers; i++) audience.add(listenerOf(i, topics, publishers.laneCount));
  for (let i = 0; i < (job.others ?? 0); i++) audience.add(otherListener(i, publishers.laneCount));
  await audience.openAll(audience.subscribers);
  await publishers.open();
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const measured = await (job.rate === undefined
    ? measureClosed(job, target, audience, publishers)
    : measureOpen(job.rate, job, target, audience, publishers));
  const oldest = job.prunedTopic === undefined ? 0 : await findOldestIndex(port, job.prunedTopic);
  publishers.close();
  return {
    ...measured,
    figures: { ...measured.figures, prunedEvents: oldest ?? Number.NaN },
    faults: [
      ...audience.findFaults(publishers.sentCounts),
      ...(oldest === undefined ? ['no old event is left: pruning ended before the trial did'] : []),
    ],
  };
}

type Measured = Omit<JobResult, 'faults'>;

async function measureClosed(
  { seconds }: SteadyJob,
  { pids }: Target,
  audience: Audience,
  publishers: Publishers,
): Promise<Measured> {
  let isOver = false;
  const publishing = publishers.runClosed(() => isOver);
  await Promise.race([publishing, sleep(WARM_UP_SECONDS)]);
  const delivered = audience.deliveredCount;
  const acked = publishers.ackedCount;
  publishers.ackMs = [];
  const endMeter = startMeter(pids);
  await Promise.race([publishing, sleep(seconds)]);
  const usage = endMeter();
  const figures = {
    deliveriesPerSecond: (audience.deliveredCount - delivered) / usage.seconds,
    acksPerSecond: (publishers.ackedCount - acked) / usage.seconds,
    ...ackFigures(publishers),
  };
  isOver = true;
  await publishing;
  await audience.whenDelivered(expectedDeliveries(audience, publishers));
  return { ...usage, figures };
}

async function measureOpen(
  rate: number,
  { seconds }: SteadyJob,
  { pids }: Target,
  audience: Audience,
  publishers: Publishers,
): Promise<Measured> {
  await publishers.runOpen(rate, WARM_UP_SECONDS);
  publishers.ackMs = [];
  publishers.wakeMs = [];
  const latenciesMs: number[] = [];
  for (const subscriber of audience.subscribers) subscriber.latenciesMs = latenciesMs;
  const endMeter = startMeter(pids);
  await publishers.runOpen(rate, seconds);
  const usage = endMeter();
  await audience.whenDelivered(expectedDeliveries(audience, publishers));
  const figures = {
    deliveryP50Ms: quantile(latenciesMs, 0.5),
    deliveryP99Ms: quantile(latenciesMs, 0.99),
    wakeP99Ms: quantile(publishers.wakeMs, 0.99),
    ...ackFigures(publishers),
  };
  return { ...usage, figures };
}

function ackFigures({ ackMs = [] }: Publishers): { ackP50Ms: number; ackP99Ms: number } {
  return { ackP50Ms: quantile(ackMs, 0.5), ackP99Ms: quantile(ackMs, 0.99) };
}

function expectedDeliveries(audience: Audience, { sentCounts }: Publishers): number {
  let total = 0;
  for (const { checker } of audience.subscribers) {
    for (const [lane, count] of sentCounts.entries()) if (checker.isWanted(lane)) total += count;
  }
  return total;
}

function topicsOf({ topics = 1 }: SteadyJob): string[] {
  if (topics === 1) return [TOPIC];
  return Array.from({ length: topics }, (_, k) => `${TOPIC}/project-${k}/main`);
}

// A third each on topics, on their parents, and on what is above all; with one topic everybody is on that.
function listenerOf(index: number, topics: readonly string[], laneCount: number): Listener {
  const level = index % 3;
  if (topics.length === 1 || level === 0) return { path: TOPIC, laneCount };
  const topic = index % topics.length;
  const path = topics[topic] ?? TOPIC;
  const isWanted = (lane: number): boolean => lane % topics.length === topic;
  return { path: level === 1 ? path : path.slice(0, path.lastIndexOf('/')), laneCount, isWanted };
}

function otherListener(index: number, laneCount: number): Listener {
  return { path: `/other/${index}`, laneCount, isWanted: () => false };
}

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

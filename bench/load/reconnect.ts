// Subscribers that come back all at once, as after a restart of what lies before the broker, beside a live stream.
import { quantile } from '../median.ts';
import { Audience } from './audience.ts';
import { type JobResult, PAYLOAD_BYTES, type ReconnectJob, type Target, TOPIC } from './job.ts';
import { startMeter } from './meter.ts';
import { createPayload } from './payload.ts';
import { Publishers } from './publishers.ts';
import type { Subscriber } from './subscriber.ts';

/** How long the live stream runs before the others come, and with them, in seconds. */
const QUIET_SECONDS = 1.5;
const STORM_SECONDS = 3;

/** How long they may take until each has what it came for, in milliseconds. */
const COMPLETE_DEADLINE_MS = 30_000;

interface Stage {
  readonly job: ReconnectJob;
  readonly audience: Audience;
  /** One connection, so that a cursor stands for a place in its one lane. */
  readonly publishers: Publishers;
  readonly cursors: readonly (string | undefined)[];
  readonly live: readonly Subscriber[];
}

export async function runReconnect(job: ReconnectJob, target: Target): Promise<JobResult> {
  const stage = setStage(job, target);
  const { audience, publishers, live } = stage;
  await audience.openAll(live);
  await publishers.open();
  await publishers.runClosed(() => publishers.ackedCount > job.lastEvents);
  const quietMs = collectLatencies(live);
  await publishers.runOpen(job.rate, QUIET_SECONDS);
  const stormMs = collectLatencies(live);
  const endMeter = startMeter(target.pids);
  const completeMs = await storm(stage);
  const usage = endMeter();
  publishers.close();
  const figures = {
    completeMs,
    liveP99Ms: quantile(stormMs, 0.99),
    liveMaxMs: quantile(stormMs, 1),
    quietP99Ms: quantile(quietMs, 0.99),
  };
  return { ...usage, figures, faults: audience.findFaults(publishers.sentCounts) };
}

function setStage(job: ReconnectJob, { port, headers }: Target): Stage {
  const payload = createPayload(PAYLOAD_BYTES);
  const cursors: (string | undefined)[] = [];
  const onCursor = (cursor: string | undefined, index: number): void => {
    cursors[index] = cursor;
  };
  const publishers = new Publishers({ port, connectionCount: 1, topics: [TOPIC], payload, onCursor });
  const audience = new Audience({ port, payload, format: undefined, headers });
  const live = Array.from({ length: job.liveSubscribers }, () => audience.add({ path: TOPIC, laneCount: 1 }));
  return { job, audience, publishers, cursors, live };
}

// Resolves with how long it took until every one of them had the last events.
async function storm({ job, audience, publishers, cursors }: Stage): Promise<number> {
  const firstIndex = cursors.length - job.lastEvents;
  const cursor = cursors[firstIndex - 1];
  if (cursor === undefined) throw new Error('the broker gives no cursor');
  const headers = [`X-Fetch-Since-Cursor: ${cursor}`];
  const listener = { path: TOPIC, laneCount: 1, firstIndex, headers };
  const returning = Array.from({ length: job.subscribers }, () => audience.add(listener));
  const startMs = performance.now();
  const publishing = publishers.runOpen(job.rate, STORM_SECONDS);
  const opening = audience.openAll(returning, job.subscribers);
  await whenComplete(returning, job.lastEvents);
  const completeMs = performance.now() - startMs;
  await Promise.all([publishing, opening]);
  const sent = publishers.sentCounts[0] ?? 0;
  await audience.whenDelivered(job.liveSubscribers * sent + job.subscribers * (sent - firstIndex));
  return completeMs;
}

async function whenComplete(subscribers: readonly Subscriber[], eventCount: number): Promise<void> {
  const deadlineMs = performance.now() + COMPLETE_DEADLINE_MS;
  while (subscribers.some(({ deliveredCount }) => deliveredCount < eventCount)) {
    if (performance.now() > deadlineMs) throw new Error('not all came back in time');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function collectLatencies(subscribers: readonly Subscriber[]): number[] {
  const latenciesMs: number[] = [];
  for (const subscriber of subscribers) subscriber.latenciesMs = latenciesMs;
  return latenciesMs;
}

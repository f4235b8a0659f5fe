// Hundreds of subscribers that never read, that read slowly and that reset, beside healthy ones under load: nobody who behaves
// notices, and the memory that it takes is bounded and given back.

import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { JobResult } from '../../bench/load/job.ts';
import { residentKiB } from '../../bench/load/meter.ts';
import { MAX_BATCH_BYTES, MAX_BATCH_EVENTS } from '../../src/broker/batch.ts';
import { makeRandomBacklog } from '../support/backlog.ts';
import type { BrokerProcess } from '../support/broker-process.ts';
import { Crowd } from '../support/crowd.ts';
import { pollUntil } from '../support/deadline.ts';
import { runLoad } from '../support/load-generator.ts';
import { pickCount } from '../support/long.ts';
import { poll } from '../support/poll.ts';
import { publish } from '../support/publisher.ts';
import { request, type Target } from '../support/raw-http.ts';
import { LAST_EVENT, SlowRecord, sumOf } from '../support/slow-record.ts';
import { withBroker } from '../support/with-broker.ts';

const TOPIC = '/json';
const COUNT = 200;
const STALL_SECONDS = 8;
/** More than the kernel takes for a connection that nobody reads: 4 MB on Linux. */
const BACKLOG_BYTES = 6_000_000;
/** So large that comparing them for all slow readers is little work. */
const LARGEST_EVENT_BYTES = 60_000;
const LOAD = { subscribers: COUNT, publishers: 4, rate: 100 };
const ALONE_SECONDS = 2;
/** Until after the stuck ones are cut. */
const CROWDED_SECONDS = STALL_SECONDS + 2;
/** Fast enough for the kernel to see them move several times in STALL_SECONDS. */
const PACE = { stepBytes: 300_000, restMs: 20 };

/** What a format may put around an event, in bytes. */
const AROUND_EVENT_BYTES = 256;
/** What a full stream may hold: a batch in its encoding, in a buffer that grows by doubling. */
const STREAM_BYTES = 2 * (MAX_BATCH_BYTES + MAX_BATCH_EVENTS * AROUND_EVENT_BYTES);
/** What replays share: 32 pages in three formats, as objects and as bytes, and garbage. */
const SHARED_BYTES = 80 * 1024 * 1024;
/** What may be left when all are gone: the code that was compiled meanwhile, and memory in pieces. */
const LEFT_BYTES = 48 * 1024 * 1024;
/** Connections of those who ask for the count, and what the runtime opens: few beside what a crowd has. */
const LEFT_DESCRIPTORS = 10;
/** Each of the crowd may be full. */
const CROWD_BYTES = 3 * COUNT * STREAM_BYTES + SHARED_BYTES;

/** What a broker takes of the system. */
interface Usage {
  /** Resident memory. */
  readonly bytes: number;
  readonly descriptors: number;
}

/** Events of each format. */
type ByFormat = ReadonlyMap<string, readonly string[]>;

/** What the broker's log says of a stream that it cut. */
interface Cut {
  readonly reason: string;
  /** ISO 8601. */
  readonly time: string;
}

/**
 * Why: the C library and V8 keep what is free for the next crowd, and memory would tell little of what the broker still
 * holds. Source: mallopt(3)
 */
const ENVIRONMENT = {
  MALLOC_MMAP_THRESHOLD_: '65536',
  NODE_OPTIONS: `--import=${new URL('../support/garbage-collector.mjs', import.meta.url).href}`,
};

/** What a reader who never stops finds in each format; SSE and NDJSON show the same objects. */
async function pollFormats(target: Target): Promise<ByFormat> {
  const plain = await poll(target, `${TOPIC}?since=0&format=gitpubsub`);
  const { events } = await poll(target, `${TOPIC}?since=0&format=ndjson`);
  return new Map([
    ['gitpubsub', plain.events],
    ['ndjson', events],
    ['sse', events],
  ]);
}

async function publishBacklog(target: Target): Promise<void> {
  const headers = [['Content-Type', 'application/x-ndjson']] as const;
  const body = makeRandomBacklog(5, BACKLOG_BYTES, LARGEST_EVENT_BYTES).join('\n');
  const { statusCode } = await request(target, { method: 'POST', path: TOPIC, headers, body });
  expect(statusCode).toBe(200);
}

/** The highest memory of a process until it is asked, in bytes. */
function watchMemory(pid: number): () => number {
  let highest = residentBytes(pid);
  const timer = setInterval(() => (highest = Math.max(highest, residentBytes(pid))), 50);
  return () => {
    clearInterval(timer);
    return highest;
  };
}

function residentBytes(pid: number): number {
  return residentKiB([pid]) * 1024;
}

async function readUsage(broker: BrokerProcess): Promise<Usage> {
  const { pid, target } = broker;
  broker.sendSignal('SIGUSR2');
  await request(target, { method: 'HEAD' });
  return { bytes: residentBytes(pid), descriptors: (await readdir(`/proc/${String(pid)}/fd`)).length };
}

/** Whether nothing is held any more but what replays have left behind. */
function isBack(usage: Usage, before: Usage): boolean {
  return (
    usage.bytes <= before.bytes + LEFT_BYTES && usage.descriptors <= before.descriptors + LEFT_DESCRIPTORS
  );
}

async function countSubscribers({ target }: BrokerProcess): Promise<number> {
  return Number((await request(target, { method: 'HEAD' })).header('x-subscribers'));
}

function findCuts(broker: BrokerProcess): Cut[] {
  const lines = broker.stdout.split('\n').filter((line) => line.includes('"stream cut"'));
  return lines.map((line) => JSON.parse(line) as Cut);
}

function describeDelivery(what: string, { figures }: JobResult): string {
  const { deliveryP50Ms = Number.NaN, deliveryP99Ms = Number.NaN } = figures;
  return `${what}: delivery p50 ${deliveryP50Ms.toFixed(1)} ms, p99 ${deliveryP99Ms.toFixed(1)} ms`;
}

function say(...lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

/** The slow ones read on until they get the last event, and have everything then, byte by byte. */
async function readSlowly(target: Target, crowd: Crowd, known: ByFormat): Promise<void> {
  const records = crowd.slow.map(({ format }) => new SlowRecord(known.get(format) ?? []));
  await crowd.readSlowly(PACE, (item, index) => records[index]?.take(item) ?? true);
  const whole = await pollFormats(target);
  const sums = new Map(
    [...whole].map(([format, all]) => [format, sumOf(all, known.get(format)?.length ?? 0)]),
  );
  for (const [index, record] of records.entries())
    expect([record.wrong, record.sum()]).toStrictEqual([[], sums.get(crowd.slow[index]?.format ?? '')]);
}

/** Those who never read are cut, not before their time, and nobody else. */
async function expectStuckAreCut(broker: BrokerProcess, sinceMs: number): Promise<void> {
  const findNow = (): Cut[] => findCuts(broker).filter(({ time }) => Date.parse(time) >= sinceMs);
  await pollUntil(() => findNow().length >= COUNT || undefined, 'they are cut', 4 * STALL_SECONDS * 1000);
  expect(findNow()).toHaveLength(COUNT);
  for (const { reason, time } of findNow()) {
    expect(reason).toBe('stalled');
    expect(Date.parse(time) - sinceMs).toBeGreaterThanOrEqual(STALL_SECONDS * 1000);
  }
}

/** The healthy ones with the crowd, which comes before them and stays until those who don't read are cut. */
async function runCrowded(broker: BrokerProcess): Promise<JobResult> {
  const { target } = broker;
  const known = await pollFormats(target);
  const sinceMs = Date.now();
  const crowd = await Crowd.gather(target, TOPIC, { stuck: COUNT, slow: COUNT, resetting: COUNT });
  try {
    const loading = runLoad(broker, { ...LOAD, seconds: CROWDED_SECONDS });
    const ended = loading.finally(() => publish(target, TOPIC, `"${LAST_EVENT}"`));
    const [result] = await Promise.all([ended, readSlowly(target, crowd, known)]);
    await expectStuckAreCut(broker, sinceMs);
    expect(crowd.resetCount).toBeGreaterThan(COUNT);
    return result;
  } finally {
    await crowd.disperse();
  }
}

/** A round with the crowd, in which memory stays within its bound; all that it took is given back. */
async function takeRound(broker: BrokerProcess, before: Usage): Promise<void> {
  const { pid } = broker;
  const endWatch = watchMemory(pid);
  const result = await runCrowded(broker);
  const highestBytes = endWatch();
  expect(result.faults).toStrictEqual([]);
  await pollUntil(async () => (await countSubscribers(broker)) === 0 || undefined, 'all are gone');
  const after = await pollUntil(
    async () => {
      const usage = await readUsage(broker);
      return isBack(usage, before) ? usage : undefined;
    },
    `memory and descriptors are given back, as before: ${JSON.stringify(before)}`,
    30_000,
  );
  const boundBytes = before.bytes + CROWD_BYTES;
  const [was, highest, bound, is] = [before.bytes, highestBytes, boundBytes, after.bytes].map(inMegabytes);
  say(describeDelivery(`the same beside ${3 * COUNT} that misbehave`, result));
  say(`memory: ${was} before, at most ${highest} (bound ${bound}), ${is} after`);
  expect(highestBytes).toBeLessThan(boundBytes);
}

async function compareWithCrowd(broker: BrokerProcess): Promise<void> {
  await publishBacklog(broker.target);
  // For comparison, and as the measure of what the crowd takes.
  const alone = await runLoad(broker, { ...LOAD, seconds: ALONE_SECONDS });
  expect(alone.faults).toStrictEqual([]);
  say(describeDelivery(`${COUNT} healthy subscribers alone`, alone));
  const before = await readUsage(broker);
  for (let round = 0; round < pickCount(1, 5); round += 1) await takeRound(broker, before);
}

test(
  `${COUNT} subscribers that never read, ${COUNT} that read slowly and ${COUNT} that reset harm nobody and leave nothing`,
  async () => {
    const flags = ['--stall-seconds', String(STALL_SECONDS), '--keep-alive-seconds', '1'];
    await withBroker(flags, compareWithCrowd, { environment: ENVIRONMENT });
  },
  pickCount(180_000, 900_000),
);

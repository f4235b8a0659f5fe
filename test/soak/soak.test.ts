// Hours of everything that a broker does, all at once: memory and descriptors stay flat, and nothing is lost. `npm run test:soak`
// takes an hour, or SOAK_SECONDS.

import { describe, expect, test } from 'vitest';
import { Audience } from '../../bench/load/audience.ts';
import { runCommandLine, type BrokerProcess } from '../support/broker-process.ts';
import { pauseFor, pollUntil } from '../support/deadline.ts';
import { poll } from '../support/poll.ts';
import { Random } from '../support/random.ts';
import { withBroker } from '../support/with-broker.ts';
import { findGrowth, type Sample } from './flatness.ts';
import { Gauges } from './gauges.ts';
import { Visitors } from './visitors.ts';
import { PAYLOAD, TOPIC, Writers } from './writers.ts';

const SOAK_SECONDS = Number(process.env['SOAK_SECONDS']);
const SEED = Number(process.env['SEED'] ?? 1);
/** How long the comparison takes, in seconds. */
const LEAK_SECONDS = 60;
/** So few that pruning begins soon. */
const HELD_EVENTS = 20_000;
/** Subscribers that stay from the beginning to the end. */
const LISTENERS = 16;
const FLAGS = ['--retention-events', String(HELD_EVENTS), '--keep-alive-seconds', '1'];
const LEAKY = { NODE_OPTIONS: `--import=${new URL('leaky-buffers.mjs', import.meta.url).href}` };

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Those who stay: every event is looked at. */
async function openAudience(broker: BrokerProcess, laneCount: number): Promise<Audience> {
  const { target } = broker;
  if (!('port' in target)) throw new TypeError('the audience needs a port');
  const audience = new Audience({ port: target.port, payload: PAYLOAD, format: undefined, headers: [] });
  for (let i = 0; i < LISTENERS; i += 1) audience.add({ path: TOPIC, laneCount });
  await audience.openAll(audience.subscribers);
  return audience;
}

/** Measures how long each event took; whoever asks gets those since the last time. */
function collectLatencies(audience: Audience): () => number[] {
  const renew = (): number[] => {
    const collected = audience.subscribers[0]?.latenciesMs ?? [];
    const latenciesMs: number[] = [];
    for (const subscriber of audience.subscribers) subscriber.latenciesMs = latenciesMs;
    return collected;
  };
  renew();
  return renew;
}

/** What was acknowledged is in the log, as far as that goes back, in order, and the log is sound. */
async function expectWholeLog(broker: BrokerProcess, writers: Writers, visitors: Visitors): Promise<void> {
  const { events } = await pollUntil(
    // A read that the last pruning overtakes is cut.
    async () => poll(broker.target, `${TOPIC}?since=0&format=ndjson`).catch(() => undefined),
    'the whole log is read',
  );
  const [notice = '', ...others] = events;
  expect(notice).toMatch(/^\{"pubsub_gap":.*"expired"/); // Some were pruned.
  const held = new Set(visitors.expectKnown(others));
  const [oldest = Number.NaN] = held;
  const missing = [...writers.known.keys()].filter((offset) => offset >= oldest && !held.has(offset));
  expect(missing).toStrictEqual([]);
  expect(held.size).toBeGreaterThan(HELD_EVENTS / 2);
  const check = await runCommandLine(['log', 'check', broker.databasePath]);
  expect([check.code, check.stderr]).toStrictEqual([0, '']);
}

/** Everything at once for so long. @returns what was measured */
async function soak(broker: BrokerProcess, seconds: number): Promise<readonly Sample[]> {
  const writers = new Writers(broker.target, new Random(SEED), HELD_EVENTS);
  const visitors = new Visitors(broker.target, new Random(SEED + 1), writers);
  const audience = await openAudience(broker, writers.counts.length);
  const counts = { events: () => writers.totalCount, takeLatenciesMs: collectLatencies(audience) };
  const gauges = new Gauges(broker, counts, say);
  try {
    const writing = writers.run();
    await pollUntil(() => writers.cursor !== '' || undefined, 'the first event is acknowledged');
    const visiting = visitors.run();
    await Promise.race([pauseFor(seconds * 1000), writing, visiting]);
    visitors.stop();
    await visiting;
    writers.stop();
    await writing;
    await audience.whenDelivered(LISTENERS * writers.totalCount);
    say(`${writers.totalCount} events, ${visitors.visitCount} visits (SEED=${SEED})`);
    expect(audience.findFaults(writers.counts)).toStrictEqual([]);
    await expectWholeLog(broker, writers, visitors);
    return gauges.samples;
  } finally {
    gauges.end();
    visitors.stop();
    writers.stop();
    for (const subscriber of audience.subscribers) subscriber.close();
  }
}

describe('a broker under mixed load', () => {
  test(
    `for ${SOAK_SECONDS} seconds needs no more memory and files at the end, and has lost nothing`,
    async () => {
      await withBroker(FLAGS, async (broker) => {
        const samples = await soak(broker, SOAK_SECONDS);
        expect(samples.length).toBeGreaterThan(SOAK_SECONDS / 2);
        expect(findGrowth(samples)).toStrictEqual([]);
      });
    },
    (SOAK_SECONDS + 120) * 1000,
  );

  test(
    'that forgets no buffer, for comparison, is found out within a minute',
    async () => {
      await withBroker(
        FLAGS,
        async (broker) => {
          const samples = await soak(broker, LEAK_SECONDS);
          expect(findGrowth(samples)).toStrictEqual([expect.stringMatching(/^residentMb grew/)]);
        },
        { environment: LEAKY },
      );
    },
    (LEAK_SECONDS + 120) * 1000,
  );
});

// kill -9 in the middle of publishing: what was acknowledged or seen is there afterwards, once and in the same order.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BrokerProcess, runCommandLine } from '../support/broker-process.ts';
import { withDeadline } from '../support/deadline.ts';
import { Deferred } from '../support/deferred.ts';
import { publish, Publisher } from '../support/publisher.ts';
import type { Target } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';

const ROUNDS = 4;
const PUBLISHERS = 6;
const FROM_THE_BEGINNING = { headers: [['X-Fetch-Since', '0']] } as const;

/** What publishers and a subscriber know of a broker when it is gone. */
interface Witness {
  /** By publisher, in the order in which it published; the last one may have got no answer. */
  readonly published: readonly (readonly string[])[];
  readonly acknowledged: ReadonlySet<string>;
  readonly seen: readonly string[];
}

/** Publishes from several connections and subscribes at once; ends the broker once so many events were acknowledged. */
async function publishUntilEnd(
  target: Target,
  round: number,
  acknowledgedCount: number,
  endBroker: () => Promise<unknown>,
): Promise<Witness> {
  const acknowledged = new Set<string>();
  const stream = await StreamReader.open(target, '/');
  const enough = new Deferred<undefined>();
  const publishing = Array.from({ length: PUBLISHERS }, async (_, who) => {
    const events: string[] = [];
    const publisher = await Publisher.open(target);
    try {
      for (let i = 0; ; i++) {
        const event = `{"round":${round},"who":${who},"i":${i}}`;
        events.push(event);
        await publisher.publish(`/publisher/${who}`, event);
        acknowledged.add(event);
        if (acknowledged.size === acknowledgedCount) enough.resolve(undefined);
      }
    } catch {
      return events;
    } finally {
      publisher.close();
    }
  });
  await withDeadline(enough.promise, () => `${acknowledgedCount} events are acknowledged`);
  await endBroker();
  const published = await Promise.all(publishing);
  await stream.waitForEnd();
  return { published, acknowledged, seen: stream.events };
}

/** All events of the log, told by a stream from the beginning up to a last one that is published for it. */
async function readLog(target: Target, round: number): Promise<readonly string[]> {
  const last = `"end of round ${round}"`;
  await publish(target, '/end', last);
  const stream = await StreamReader.open(target, '/', FROM_THE_BEGINNING);
  try {
    return [...(await stream.readUntil(last)), last];
  } finally {
    stream.close();
  }
}

function expectNothingLost(witness: Witness, stored: readonly string[]): void {
  const { published, acknowledged, seen } = witness;
  expect(new Set(stored).size).toBe(stored.length);
  expect([...acknowledged].filter((event) => !stored.includes(event))).toEqual([]);
  expect(stored.slice(0, seen.length)).toEqual(seen);
  for (const events of published) {
    const kept = stored.filter((event) => events.includes(event));
    expect(events.slice(0, kept.length)).toEqual(kept);
    expect(events.length - kept.length).toBeLessThanOrEqual(1);
  }
}

describe('a broker with several publishers and a subscriber', () => {
  let broker: BrokerProcess;

  beforeEach(async () => {
    broker = await BrokerProcess.start();
  });
  afterEach(async () => {
    await broker.dispose();
  });

  test('that is killed again and again loses no acknowledged event and tells the same story', async () => {
    let log: readonly string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const witness = await publishUntilEnd(broker.target, round, 100 + round * 57, () => broker.kill());
      await broker.launch();
      const now = await readLog(broker.target, round);
      expect(now.slice(0, log.length)).toEqual(log);
      expectNothingLost(witness, now.slice(log.length, -1));
      log = now;
    }
  }, 60_000);

  test('that is told to stop, for comparison, has stored exactly what it acknowledged', async () => {
    const witness = await publishUntilEnd(broker.target, 0, 100, () => broker.stop());
    await broker.launch();
    const stored = (await readLog(broker.target, 0)).slice(0, -1);
    expectNothingLost(witness, stored);
    expect(new Set(stored)).toEqual(witness.acknowledged);
    expect(witness.seen).toEqual(stored);
  }, 60_000);

  test('keeps a second one away from its log, and goes on', async () => {
    await publish(broker.target, '/a', '1');
    const second = await runCommandLine(['serve', '--port', '0', '--database', broker.databasePath]);
    expect(second.code).not.toBe(0);
    expect(second.stderr).toMatch(/another broker is using it/);
    expect(second.stderr.trimEnd().split('\n')).toHaveLength(1);
    await publish(broker.target, '/a', '2');
    await broker.kill();
    await broker.launch();
    expect((await readLog(broker.target, 0)).slice(0, -1)).toEqual(['1', '2']);
  });
});

// A broker and a subscriber that are ended again and again, by SIGTERM and SIGKILL, while events are published: what the
// subscriber's cursor file is worth, beside a subscriber that lives on.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { publishBatch } from '../../src/client/publish.ts';
import type { BrokerProcess } from '../support/broker-process.ts';
import { urlOf } from '../support/broker-url.ts';
import { CommandProcess } from '../support/command-process.ts';
import { findFreePort } from '../support/free-port.ts';
import { pickCount } from '../support/long.ts';
import { Random } from '../support/random.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';
import { withBroker } from '../support/with-broker.ts';

const ROUNDS = pickCount(4, 60);
const EVENTS_PER_ROUND = 300;
const EVENTS_PER_BATCH = 7;
const DEADLINE_MS = pickCount(60_000, 1_800_000);

const ENDS = ['SIGTERM', 'SIGKILL'] as const;

/** One life of the subscriber: what it printed, and whether it could save its cursor at the end. */
interface Life {
  readonly numbers: readonly number[];
  readonly isClean: boolean;
}

function numbersOf(command: CommandProcess): number[] {
  return command.lines.map((line) => (JSON.parse(line) as { n: number }).n);
}

function countTo(end: number): number[] {
  return Array.from({ length: end }, (_, index) => index);
}

async function publishRound(url: string, round: number): Promise<void> {
  const numbers = countTo(EVENTS_PER_ROUND).map((index) => round * EVENTS_PER_ROUND + index);
  for (let start = 0; start < numbers.length; start += EVENTS_PER_BATCH) {
    const values = numbers.slice(start, start + EVENTS_PER_BATCH).map((n) => ({ n }));
    await publishBatch(url, values, { backOff: { firstMs: 20, longestMs: 200 } });
  }
}

async function endBroker(broker: BrokerProcess, random: Random): Promise<void> {
  broker.sendSignal(ENDS[random.below(2)] ?? 'SIGKILL');
  await broker.waitForExit();
  await broker.launch();
}

/** Starts the subscriber, ends it when it has printed a few events more, and tells of its life. */
async function live(args: readonly string[], random: Random, isLast: () => boolean): Promise<Life> {
  const command = new CommandProcess(args);
  const count = 1 + random.below(EVENTS_PER_ROUND);
  await command.waitUntil(() => isLast() || command.lines.length >= count, 'some events', DEADLINE_MS);
  const signal = ENDS[random.below(2)] ?? 'SIGKILL';
  command.sendSignal(signal);
  await command.waitForExit();
  return { numbers: numbersOf(command), isClean: signal === 'SIGTERM' };
}

test(
  'who lives on sees every event once; who is killed and comes back with its cursor file misses none',
  { timeout: DEADLINE_MS },
  async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = new Random(seed);
    const count = ROUNDS * EVENTS_PER_ROUND;
    const file = join(createTemporaryDirectory(), 'cursor');
    const port = await findFreePort();
    await withBroker(['--port', String(port)], async (broker) => {
      const url = urlOf(broker, '/t');
      const survivor = new CommandProcess(['subscribe', url, '--since', '0']);
      const lives: Life[] = [];
      const over = new AbortController();
      const mortal = (async () => {
        while (!over.signal.aborted)
          lives.push(
            await live(
              ['subscribe', url, '--since', '0', '--cursor-file', file],
              random,
              () => over.signal.aborted,
            ),
          );
      })();
      for (let round = 0; round < ROUNDS; round += 1)
        await Promise.all([publishRound(url, round), endBroker(broker, random)]);
      await survivor.waitForLines(count, DEADLINE_MS);
      over.abort();
      // What is published last ends the wait of the life that is under way.
      await Promise.all([publishBatch(url, [{ n: count }]), mortal]);
      const end = new CommandProcess(['subscribe', url, '--since', '0', '--once', '--cursor-file', file]);
      await end.waitForExit();
      lives.push({ numbers: numbersOf(end), isClean: true });
      expect(numbersOf(survivor).slice(0, count), `seed ${seed}`).toEqual(countTo(count));
      expectCovered(lives, count + 1, `seed ${seed}`);
    });
  },
);

// Each life goes on where the one before ended, if that one could save its cursor, and behind nothing that none has seen.
function expectCovered(lives: readonly Life[], count: number, what: string): void {
  let next = 0;
  let cleanEnd: number | undefined = 0;
  for (const { numbers, isClean } of lives) {
    const [first] = numbers;
    if (first === undefined) continue;
    if (cleanEnd !== undefined) expect(first, what).toBe(cleanEnd);
    expect(first, what).toBeLessThanOrEqual(next);
    expect(numbers, what).toEqual(numbers.map((_, index) => first + index));
    const end = first + numbers.length;
    next = Math.max(next, end);
    cleanEnd = isClean ? end : undefined;
  }
  expect(next, what).toBe(count);
  expect(lives.length, what).toBeGreaterThan(1);
}

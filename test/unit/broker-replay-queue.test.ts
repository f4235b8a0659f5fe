import { expect, test } from 'vitest';
import { ReplayQueue } from '../../src/broker/replay-queue.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { passTurns } from '../support/turns.ts';

const clock = new FakeClock();

class FakeReplayer {
  stepCount = 0;
  readonly #name: string;
  readonly #order: string[];

  constructor(name: string, order: string[]) {
    this.#name = name;
    this.#order = order;
  }

  replayStep(): Promise<void> {
    this.stepCount += 1;
    this.#order.push(this.#name);
    return Promise.resolve();
  }
}

function createReplayers(count: number): { replayers: FakeReplayer[]; order: string[] } {
  const order: string[] = [];
  return { order, replayers: Array.from({ length: count }, (_, i) => new FakeReplayer(String(i), order)) };
}

test('nobody replays in the turn in which it queues up', async () => {
  const queue = new ReplayQueue(clock);
  const { replayers, order } = createReplayers(1);
  for (const replayer of replayers) queue.add(replayer);
  await Promise.resolve();
  expect(order).toEqual([]);
  await passTurns();
  expect(order).toEqual(['0']);
});

test('at most eight take a turn in one turn of the loop, first come, first served', async () => {
  const queue = new ReplayQueue(clock);
  const { replayers, order } = createReplayers(20);
  for (const replayer of replayers) queue.add(replayer);
  const counts: number[] = [];
  for (let turn = 0; turn < 4; turn++) {
    await passTurns();
    counts.push(order.length);
  }
  expect(counts).toEqual([8, 16, 20, 20]);
  expect(order).toEqual(replayers.map((_, index) => String(index)));
});

test('who comes after a long turn waits for the next turn of the loop', async () => {
  const queue = new ReplayQueue(clock);
  let turns = 0;
  for (let i = 0; i < 3; i++)
    queue.add({
      replayStep: async () => {
        turns += 1;
        clock.advance(i === 0 ? 50 : 0);
      },
    });
  await passTurns();
  expect(turns).toBe(1);
  await passTurns();
  expect(turns).toBe(3);
});

test('who queues up again waits behind all others', async () => {
  const queue = new ReplayQueue(clock);
  const { replayers, order } = createReplayers(10);
  for (const replayer of replayers) queue.add(replayer);
  await passTurns();
  const [first] = replayers;
  if (first) queue.add(first);
  await passTurns();
  expect(order.slice(8)).toEqual(['8', '9', '0']);
});

test('nobody stands in the queue twice', async () => {
  const queue = new ReplayQueue(clock);
  const { replayers, order } = createReplayers(1);
  for (const replayer of [...replayers, ...replayers]) queue.add(replayer);
  await passTurns(3);
  expect(order).toEqual(['0']);
});

test('who left the queue is not asked', async () => {
  const queue = new ReplayQueue(clock);
  const { replayers, order } = createReplayers(3);
  for (const replayer of replayers) queue.add(replayer);
  if (replayers[1]) queue.delete(replayers[1]);
  await passTurns(2);
  expect(order).toEqual(['0', '2']);
});

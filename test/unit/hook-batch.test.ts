// How events are cut into batches, written down and read back.
import { expect, test } from 'vitest';
import { MAX_BATCH_BYTES } from '../../src/client/batches.ts';
import { cutBatches, divideBatch, formatBatch, parseBatches, type Batch } from '../../src/hook/batch.ts';
import type { CommitEvent } from '../../src/core/commit-event.ts';

async function cut(events: readonly (readonly [target: string, log: string])[]): Promise<Batch[]> {
  async function* outgoing(): AsyncGenerator<{ target: string; event: CommitEvent }, void, undefined> {
    for (const [target, log] of events) yield { target, event: { commit: { log } } as CommitEvent };
  }
  const batches: Batch[] = [];
  for await (const batch of cutBatches(outgoing())) batches.push(batch);
  return batches;
}

test('neighbours that go to one place share a batch, and order is kept', async () => {
  const batches = await cut([
    ['/a', '1'],
    ['/a', '2'],
    ['/b', '3'],
    ['/a', '4'],
  ]);
  expect(batches.map(({ target, events }) => [target, events.length])).toEqual([
    ['/a', 2],
    ['/b', 1],
    ['/a', 1],
  ]);
});

test('a batch has at most 200 events', async () => {
  const batches = await cut(Array.from({ length: 401 }, () => ['/a', 'x'] as const));
  expect(batches.map(({ events }) => events.length)).toEqual([200, 200, 1]);
});

test('a batch stays below its bytes, counted in UTF-8, unless a single event does not', async () => {
  const half = 'ж'.repeat(MAX_BATCH_BYTES / 4);
  const batches = await cut([
    ['/a', half],
    ['/a', half],
    ['/a', half + half + half],
    ['/a', ''],
  ]);
  expect(batches.map(({ events }) => events.length)).toEqual([1, 1, 1, 1]);
});

test('no two batches have one key, nor do those that one is divided into', async () => {
  const [first, second] = await cut([
    ['/a', '1'],
    ['/a', '2'],
    ['/b', '3'],
  ]);
  if (first === undefined || second === undefined) throw new TypeError('no batches');
  const divided = divideBatch(first);
  expect(divided.flatMap(({ events }) => events)).toEqual(first.events);
  expect(new Set([first, second, ...divided].map(({ key }) => key)).size).toBe(4);
});

test('batches are read as they were written', async () => {
  const batches = await cut([
    ['/a', 'line\nfeed \u2028 日本'],
    ['/a', ''],
    ['/b', '"'],
  ]);
  expect(parseBatches(batches.map(formatBatch).join(''))).toEqual(batches);
});

test.each(['x\n', '{}\n', '{"target":"/a","key":"k","count":2}\n1\n', '{"target":"/a","key":"k"}\n1\n'])(
  'what is no batch is told: %j',
  (text) => {
    expect(() => parseBatches(text)).toThrow();
  },
);

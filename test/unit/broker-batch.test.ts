import { describe, expect, test } from 'vitest';
import { Batch, MAX_BATCH_BYTES, MAX_BATCH_EVENTS, toBatches } from '../../src/broker/batch.ts';
import type { Event } from '../../src/core/event.ts';
import { parseTopic } from '../../src/core/topic.ts';

function createEvents(payloads: readonly string[], firstOffset: number = 1): Event[] {
  const topic = parseTopic('/a');
  return payloads.map((payload, i) => ({ topic, payload, offset: firstOffset + i, timeMs: 1_000 + i }));
}

function offsetsOf(batch: Batch): number[] {
  return batch.events.map((event) => event.offset);
}

function sizesOf(payloads: string[]): number[] {
  return toBatches(createEvents(payloads), WATERMARK).map((batch) => batch.events.length);
}

const WATERMARK = { offset: 1_000, timeMs: 9_000 };

describe('a batch', () => {
  test('tells its ends', () => {
    expect(new Batch(createEvents(['1', '2', '3'], 7), WATERMARK)).toMatchObject({
      firstOffset: 7,
      lastOffset: 9,
    });
  });

  test('is never empty', () => {
    expect(() => new Batch([], WATERMARK)).toThrow(TypeError);
  });

  test('is encoded once for each way to encode, however many ask', () => {
    const batch = new Batch(createEvents(['1', '2']), WATERMARK);
    const calls: string[] = [];
    const one = {
      encode: ({ events }: Batch): string => {
        calls.push(`encode ${events.length}`);
        return 'encoded';
      },
    };
    const other = {
      encode: (): string => {
        calls.push('encode else');
        return 'otherwise';
      },
    };
    const results = [one, other, one, other].map((encoder) => batch.encodedBy(encoder));
    expect(results).toEqual(['encoded', 'otherwise', 'encoded', 'otherwise']);
    expect(calls).toEqual(['encode 2', 'encode else']);
  });

  test.each([0, 6])('after offset %i is the batch itself, with what was made of it', (offset) => {
    const batch = new Batch(createEvents(['1', '2'], 7), WATERMARK);
    expect(batch.after(offset)).toBe(batch);
  });

  test('after one of its offsets is the rest', () => {
    const batch = new Batch(createEvents(['1', '2', '3'], 7), WATERMARK);
    expect(offsetsOf(batch.after(7))).toEqual([8, 9]);
    expect(offsetsOf(batch.after(8))).toEqual([9]);
    expect(batch.after(8).watermark).toBe(WATERMARK);
  });
});

describe('events are cut into batches', () => {
  test('of nothing into none', () => {
    expect(toBatches([], WATERMARK)).toEqual([]);
  });

  test('of at most 256 events', () => {
    const events = createEvents(Array.from({ length: MAX_BATCH_EVENTS * 2 + 1 }, () => '1'));
    expect(toBatches(events, WATERMARK).map((batch) => batch.events.length)).toEqual([256, 256, 1]);
    expect(toBatches(events, WATERMARK).flatMap((batch) => batch.events)).toEqual(events);
  });

  test('of at most 128 KiB of payload in UTF-8', () => {
    const half = `"${'\u00e4'.repeat(MAX_BATCH_BYTES / 4 - 1)}"`;
    expect(Buffer.byteLength(half)).toBe(MAX_BATCH_BYTES / 2);
    expect(sizesOf([half, half, half])).toEqual([2, 1]);
    expect(sizesOf([half, `${half} `, half])).toEqual([1, 1, 1]);
    expect(sizesOf(['1', half, half, '1'])).toEqual([2, 2]);
  });

  test('but one larger event is a batch of its own', () => {
    const large = 'x'.repeat(MAX_BATCH_BYTES + 1);
    const batches = toBatches(createEvents(['1', large, '2', large]), WATERMARK);
    expect(batches.map(offsetsOf)).toEqual([[1], [2], [3], [4]]);
  });

  test('each with the time of the next one’s first event, the last with what it was given', () => {
    const large = 'x'.repeat(MAX_BATCH_BYTES + 1);
    const batches = toBatches(createEvents(['1', '2', large, '3']), WATERMARK);
    expect(batches.map(({ watermark }) => watermark)).toEqual([
      { offset: 2, timeMs: 1_002 },
      { offset: 3, timeMs: 1_003 },
      WATERMARK,
    ]);
  });
});

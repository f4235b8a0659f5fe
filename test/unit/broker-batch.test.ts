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
  return toBatches(createEvents(payloads)).map((batch) => batch.events.length);
}

describe('a batch', () => {
  test('tells its ends', () => {
    expect(new Batch(createEvents(['1', '2', '3'], 7))).toMatchObject({
      firstOffset: 7,
      lastOffset: 9,
      firstTimeMs: 1_000,
    });
  });

  test('is never empty', () => {
    expect(() => new Batch([])).toThrow(TypeError);
  });

  test('is encoded once for each way to encode, however many ask', () => {
    const batch = new Batch(createEvents(['1', '2']));
    const calls: string[] = [];
    const encode = (events: readonly Event[]): string => {
      calls.push(`encode ${events.length}`);
      return 'encoded';
    };
    const encodeElse = (): string => {
      calls.push('encode else');
      return 'otherwise';
    };
    const results = [encode, encodeElse, encode, encodeElse].map((one) => batch.encodedBy(one));
    expect(results).toEqual(['encoded', 'otherwise', 'encoded', 'otherwise']);
    expect(calls).toEqual(['encode 2', 'encode else']);
  });

  test.each([0, 6])('after offset %i is the batch itself, with what was made of it', (offset) => {
    const batch = new Batch(createEvents(['1', '2'], 7));
    expect(batch.after(offset)).toBe(batch);
  });

  test('after one of its offsets is the rest', () => {
    const batch = new Batch(createEvents(['1', '2', '3'], 7));
    expect(offsetsOf(batch.after(7))).toEqual([8, 9]);
    expect(offsetsOf(batch.after(8))).toEqual([9]);
  });
});

describe('events are cut into batches', () => {
  test('of nothing into none', () => {
    expect(toBatches([])).toEqual([]);
  });

  test('of at most 256 events', () => {
    const events = createEvents(Array.from({ length: MAX_BATCH_EVENTS * 2 + 1 }, () => '1'));
    expect(toBatches(events).map((batch) => batch.events.length)).toEqual([256, 256, 1]);
    expect(toBatches(events).flatMap((batch) => batch.events)).toEqual(events);
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
    const batches = toBatches(createEvents(['1', large, '2', large]));
    expect(batches.map(offsetsOf)).toEqual([[1], [2], [3], [4]]);
  });
});

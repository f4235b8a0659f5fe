import { describe, expect, test } from 'vitest';
import {
  CHUNK_FRAMING_BYTES,
  LiveEncoder,
  MAX_CORK_BYTES,
  PollEncoder,
  toSlices,
} from '../../src/http/stream-format.ts';
import { DefaultFormat } from '../../src/http/default-format.ts';
import { NdjsonFormat } from '../../src/http/ndjson-format.ts';
import { createEventBatch, toTexts } from '../support/event-batch.ts';

const START = { offset: 3, timeMs: 5_000 };

describe('a stream', () => {
  const encoder = new LiveEncoder(new DefaultFormat());

  test('closes each batch with a keep-alive in a chunk of its own', () => {
    const { slices, payloadBytes } = encoder.encode(createEventBatch('1', '"\u00e4"'));
    expect(slices.map(toTexts)).toEqual([['1\r\n', '"\\u00e4"\r\n', '{"stillalive": 90.000}\r\n']]);
    expect(payloadBytes).toBe(1 + 4);
  });

  test('begins with what its format begins with and a keep-alive', () => {
    const ndjson = new LiveEncoder(new NdjsonFormat((offset) => `c${offset}`));
    expect(Buffer.from(ndjson.begin(START, undefined)).toString()).toBe(
      '{"stillalive": 5.000,"pubsub_cursor":"c3"}\n',
    );
    expect(
      Buffer.from(ndjson.begin(START, { reason: 'expired', requested: '1' }))
        .toString()
        .split('\n')
        .map((line) => line.slice(0, 14)),
    ).toEqual(['{"pubsub_gap":', '{"stillalive":', '']);
  });

  test('makes the keep-alive of a watermark once', () => {
    const watermark = { ...START };
    const chunk = encoder.keepAlive(watermark);
    expect(encoder.keepAlive(watermark)).toBe(chunk);
    expect(toTexts([encoder.keepAlive({ offset: 3, timeMs: 6_000 })])).toEqual(['{"stillalive": 6.000}\r\n']);
  });
});

describe('a poll', () => {
  test('holds events and nothing else', () => {
    const encoder = new PollEncoder(new DefaultFormat());
    expect(encoder.begin(START, undefined).byteLength).toBe(0);
    expect(encoder.encode(createEventBatch('1', '2')).slices.map(toTexts)).toEqual([['1\r\n', '2\r\n']]);
  });

  test('tries a full sink, and shows a waiting client that it goes on, with white space', () => {
    const encoder = new PollEncoder(new DefaultFormat());
    expect(toTexts([encoder.probe(), encoder.keepAlive()])).toEqual([' ', ' ']);
  });
});

describe('slices', () => {
  test('of nothing are none', () => {
    expect(toSlices([])).toEqual([]);
  });

  test('have at most 16,000 bytes with framing, whatever the chunks are', () => {
    const sizes = [1, 7_987, 8_000, 15_987, 15_988, 15_989, 2, 3, 40_000, 5, 16_000, 1];
    const chunks = sizes.map((size) => Buffer.alloc(size));
    const slices = toSlices(chunks);
    expect(slices.flat()).toEqual(chunks);
    for (const slice of slices) {
      const bytes = slice.reduce((sum, chunk) => sum + chunk.byteLength + CHUNK_FRAMING_BYTES, 0);
      expect(bytes <= MAX_CORK_BYTES || slice.length === 1).toBe(true);
    }
  });

  test('are filled as far as they go', () => {
    const half = Buffer.alloc(MAX_CORK_BYTES / 2 - CHUNK_FRAMING_BYTES);
    expect(toSlices([half, half, half]).map((slice) => slice.length)).toEqual([2, 1]);
    expect(toSlices([half, Buffer.concat([half, Buffer.alloc(1)])])).toHaveLength(2);
  });

  test('leave room for what the library writes around the largest chunk', () => {
    const framing = `${(600_000).toString(16)}\r\n\r\n`;
    expect(framing.length).toBeLessThanOrEqual(CHUNK_FRAMING_BYTES);
  });
});

import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { parseTopic } from '../../src/core/topic.ts';
import { DefaultFormat } from '../../src/http/default-format.ts';
import { CHUNK_FRAMING_BYTES, MAX_CORK_BYTES, toSlices } from '../../src/http/stream-format.ts';

function createEvents(...payloads: string[]): Event[] {
  return payloads.map((payload, i) => ({ topic: parseTopic('/a'), payload, offset: i + 1, timeMs: 0 }));
}

function encode(...payloads: string[]): { texts: string[]; payloadBytes: number } {
  const { slices, payloadBytes } = new DefaultFormat().encode(createEvents(...payloads));
  const chunks = slices.flatMap((slice) => slice.chunks);
  return { texts: chunks.map((chunk) => Buffer.from(chunk).toString('latin1')), payloadBytes };
}

describe('the default format', () => {
  test('makes one chunk of each event: ASCII JSON, CR LF, and nothing else', () => {
    expect(encode('{"a":1}', '"\u00e4\u{1f600}"', '1').texts).toEqual([
      '{"a":1}\r\n',
      '"\\u00e4\\ud83d\\ude00"\r\n',
      '1\r\n',
    ]);
  });

  test('counts the payloads as they are sent, without line ends', () => {
    expect(encode('"\u00e4"', '12').payloadBytes).toBe(8 + 2);
  });

  test('says that the stream is alive with a float', () => {
    const chunk = new DefaultFormat().keepAlive(1_700_000_000_010);
    expect(Buffer.from(chunk).toString()).toBe('{"stillalive": 1700000000.010}\r\n');
    expect(JSON.parse(Buffer.from(chunk).toString())).toEqual({ stillalive: 1_700_000_000.01 });
  });

  test('makes the same keep-alive once for a time, and another for another', () => {
    const format = new DefaultFormat();
    const first = format.keepAlive(1_000);
    expect(format.keepAlive(1_000)).toBe(first);
    expect(Buffer.from(format.keepAlive(2_000)).toString()).toContain('2.000');
    expect(Buffer.from(format.keepAlive(1_000)).toString()).toContain('1.000');
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
    expect(slices.flatMap((slice) => slice.chunks)).toEqual(chunks);
    for (const slice of slices) {
      const bytes = slice.chunks.reduce((sum, chunk) => sum + chunk.byteLength + CHUNK_FRAMING_BYTES, 0);
      expect(slice.bytes).toBe(bytes);
      expect(bytes <= MAX_CORK_BYTES || slice.chunks.length === 1).toBe(true);
    }
  });

  test('are filled as far as they go', () => {
    const half = Buffer.alloc(MAX_CORK_BYTES / 2 - CHUNK_FRAMING_BYTES);
    expect(toSlices([half, half, half]).map((slice) => slice.chunks.length)).toEqual([2, 1]);
    expect(toSlices([half, Buffer.concat([half, Buffer.alloc(1)])])).toHaveLength(2);
  });

  test('leave room for what the library writes around the largest chunk', () => {
    const framing = `${(600_000).toString(16)}\r\n\r\n`;
    expect(framing.length).toBeLessThanOrEqual(CHUNK_FRAMING_BYTES);
  });
});

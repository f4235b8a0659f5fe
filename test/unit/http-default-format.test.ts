import { describe, expect, test } from 'vitest';
import { DefaultFormat } from '../../src/http/default-format.ts';
import { createEventBatch, toTexts } from '../support/event-batch.ts';

const FORMAT = new DefaultFormat();

describe('the default format', () => {
  test('makes one chunk of each event: ASCII JSON, CR LF, and nothing else', () => {
    const batch = createEventBatch('{"a":1}', '"\u00e4\u{1f600}"', '1');
    expect(toTexts(FORMAT.eventChunks(batch))).toEqual([
      '{"a":1}\r\n',
      '"\\u00e4\\ud83d\\ude00"\r\n',
      '1\r\n',
    ]);
  });

  test('says that the stream is alive with a float', () => {
    const chunk = FORMAT.keepAlive({ offset: 7, timeMs: 1_700_000_000_010 });
    expect(toTexts([chunk])).toEqual(['{"stillalive": 1700000000.010}\r\n']);
    expect(JSON.parse(Buffer.from(chunk).toString())).toEqual({ stillalive: 1_700_000_000.01 });
  });

  test('tells of a gap only in the head', () => {
    expect(toTexts([FORMAT.preamble()])).toEqual(['']);
  });
});

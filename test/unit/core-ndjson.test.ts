import { describe, expect, test } from 'vitest';
import { MAX_BATCH_LINES, parsePayloadLines } from '../../src/core/ndjson.ts';

const MAX_EVENT_BYTES = 100;

function parseLines(body: string): string[] {
  return parsePayloadLines(Buffer.from(body), MAX_EVENT_BYTES);
}

describe('a body of lines', () => {
  test.each([
    ['1', ['1']],
    ['1\n', ['1']],
    ['1\n2\n3', ['1', '2', '3']],
    ['1\r\n2\r\n', ['1', '2']],
    ['\n\n1\n \t\r\n2\n\n', ['1', '2']],
    ['{ "a" : 1 }\n"b\\n"', ['{"a":1}', '"b\\n"']],
    ['"\u2028"\n"\u0085"', ['"\\u2028"', '"\\u0085"']],
  ])('%j holds %j', (body, payloads) => {
    expect(parseLines(body)).toEqual(payloads);
  });

  test.each(['', '\n', ' \r\n\t\n'])('without any event is refused: %j', (body) => {
    expect(() => parseLines(body)).toThrow(expect.objectContaining({ code: 'invalid-payload' }));
  });

  test('is refused as a whole, with the number of the first wrong line, blank lines counted', () => {
    const wrong = '1\n\n{"a":\n2\n{"stillalive":1}';
    expect(() => parseLines(wrong)).toThrow(/^Line 3: /);
    expect(() => parseLines('1\n2\n{"stillalive":1}')).toThrow(/^Line 3: .*reserved/);
    expect(() => parseLines('1\n{}{}\n')).toThrow(
      expect.objectContaining({ code: 'invalid-payload', message: expect.stringMatching(/^Line 2: /) }),
    );
  });

  test('keeps each line within what one event may have', () => {
    const longest = `"${'x'.repeat(MAX_EVENT_BYTES - 2)}"`;
    expect(parseLines(`${longest}\n${longest}`)).toEqual([longest, longest]);
    expect(() => parseLines(`1\n"x${longest.slice(1)}`)).toThrow(
      expect.objectContaining({ code: 'payload-too-large', message: expect.stringMatching(/^Line 2: /) }),
    );
  });

  test('may hold 10,000 events, not 10,001', () => {
    expect(parseLines('1\n'.repeat(MAX_BATCH_LINES))).toHaveLength(10_000);
    expect(() => parseLines('1\n'.repeat(MAX_BATCH_LINES + 1))).toThrow(
      expect.objectContaining({ code: 'payload-too-large' }),
    );
  });
});

import { describe, expect, test } from 'vitest';
import { MAX_LINE_BYTES, MAX_PAYLOAD_DEPTH, parsePayload, toAscii } from '../../src/core/payload.ts';

function parse(body: string | Buffer): string {
  return parsePayload(Buffer.from(body));
}

function failure(code: string): unknown {
  return expect.objectContaining({ code });
}

describe('a body', () => {
  test.each([
    '{}',
    '[]',
    '{"a":{"b":[1,2,{}]}}',
    '"text"',
    '""',
    '" spaces  stay "',
    'null',
    'true',
    'false',
    '0',
    '-0',
    '-1.50e+10',
    '1.0',
    '12345678901234567890',
    '1e400',
    '"\\u00e4\\ud83d\\ude00\\/\\ud800"',
    '"\u00e4\u{1f600}\u007f"',
    '{"a":1,"a":2,"":3}',
    '{"__proto__":{"stillalive":1},"constructor":2}',
    '"\\\\"',
    '"\\" , : {"',
  ])('%s is stored as it is', (text) => {
    expect(parse(text)).toBe(text);
  });

  test.each([
    [' 1', '1'],
    ['1\n', '1'],
    ['{}\n\n', '{}'],
    ['{}\r\n', '{}'],
    ['\t\r\n [ 1 , 2 ]\t', '[1,2]'],
    ['{ "a" : " b\\t c " ,\n  "d\\"" : [ ] }', '{"a":" b\\t c ","d\\"":[]}'],
    ['["\\\\" , "\\\\\\"" , " "]', '["\\\\","\\\\\\""," "]'],
    [' \u0022\u00a0\u3000\u0022 ', '"\u00a0\u3000"'],
  ])('%j loses the white space outside strings and becomes %j', (text, payload) => {
    expect(parse(text)).toBe(payload);
  });

  test.each([
    ['nothing', ''],
    ['white space', ' \r\n\t'],
    ['two values', '1 2'],
    ['two values without space', '{}{}'],
    ['two lines', '{}\n{}'],
    ['a word in two', 'tr ue'],
    ['a number in two', '1 .5'],
    ['a bare word', 'hello'],
    ['single quotes', "{'a':1}"],
    ['a comma at the end', '[1,]'],
    ['a comment', '/**/1'],
    ['an open string', '"abc'],
    ['an open string with a backslash', '"abc\\'],
    ['an open array', '[1'],
    ['a closed one too many', '[1]]'],
    ['a leading zero', '01'],
    ['a leading plus', '+1'],
    ['NaN', 'NaN'],
    ['a raw line feed in a string', '"a\nb"'],
    ['a raw NUL', '"a\0b"'],
    ['a NUL behind', '{}\0'],
    ['a byte order mark', '\ufeff{}'],
    ['a no-break space around', '\u00a01'],
    ['a vertical tab around', '\v1'],
    ['a form of curl', 'a=1&b=2'],
    ['a bad escape', '"\\x41"'],
    ['a lone key', '{"a"}'],
  ])('of %s is refused', (_what, text) => {
    expect(() => parse(text)).toThrow(failure('invalid-payload'));
  });

  test.each([
    ['a stray byte', [0x22, 0xff, 0x22]],
    ['a cut sequence', [0x22, 0xc3, 0x22]],
    ['an overlong sequence', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x31, 0x00]],
  ])('that is not UTF-8 is refused: %s', (_what, bytes) => {
    expect(() => parse(Buffer.from(bytes))).toThrow('not valid UTF-8');
  });

  test.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('may nest 512 %s, not 513', (_what, open, close) => {
    const nest = (depth: number): string => open.repeat(depth) + '1' + close.repeat(depth);
    expect(parse(nest(MAX_PAYLOAD_DEPTH))).toBe(nest(512));
    expect(() => parse(nest(MAX_PAYLOAD_DEPTH + 1))).toThrow('deeper than 512 levels');
  });

  test('counts the depth, not the brackets', () => {
    const text = `[${Array.from({ length: 2_000 }, () => '[{}]').join(',')},"${'['.repeat(2_000)}"]`;
    expect(parse(text)).toBe(text);
  });

  test('of a million open brackets is refused without running out of stack', () => {
    expect(() => parse('['.repeat(1_000_000))).toThrow(failure('invalid-payload'));
    expect(() => parse(']'.repeat(1_000_000))).toThrow(failure('invalid-payload'));
  });

  test.each([
    '{"stillalive":1}',
    '{"pubsub_gap":{}}',
    '{"a":1, "stillalive" : null}',
    '{"still\\u0061live":1}',
    '{"\\u0073\\u0074illalive":1,"b":2}',
    '{"pubsub\\u005fgap":1}',
    '{"stillalive":1,"stillalive":2}',
  ])('that would pass for ours is refused: %s', (text) => {
    expect(() => parse(text)).toThrow(/"(stillalive|pubsub_gap)" is reserved/);
  });

  test.each([
    '{"a":{"stillalive":1}}',
    '[{"stillalive":1}]',
    '"stillalive"',
    '{"a":"stillalive"}',
    '{"Stillalive":1,"stillalive ":2}',
    '{"pubsub_path":1,"pubsub_payload":2}',
  ])('that only looks like ours is taken: %s', (text) => {
    expect(parse(text)).toBe(text);
  });

  test('may fill a line, and not one byte more', () => {
    const longest = `"${'x'.repeat(MAX_LINE_BYTES - 4)}"`;
    expect(parse(longest)).toBe(longest);
    expect(() => parse(`"x${longest.slice(1)}`)).toThrow(failure('payload-too-large'));
  });

  test('counts as long as it is once escaped', () => {
    const unitCount = Math.floor((MAX_LINE_BYTES - 4) / 6);
    const pairCount = Math.floor(unitCount / 2);
    for (const character of ['\u00e4', '\u20ac']) {
      expect(parse(`"${character.repeat(unitCount)}"`)).toHaveLength(unitCount + 2);
      expect(() => parse(`"${character.repeat(unitCount + 1)}"`)).toThrow(failure('payload-too-large'));
    }
    expect(parse(`"${'\u{1f600}'.repeat(pairCount)}"`)).toHaveLength(pairCount * 2 + 2);
    expect(() => parse(`"${'\u{1f600}'.repeat(pairCount + 1)}"`)).toThrow(failure('payload-too-large'));
  });

  test('counts without the white space around it', () => {
    const longest = `"${'x'.repeat(MAX_LINE_BYTES - 4)}"`;
    expect(parse(`${' '.repeat(1_000)}${longest}\n`)).toBe(longest);
  });

  test('is not touched', () => {
    const body = Buffer.from(' {"a": 1} ');
    parsePayload(body);
    expect(body.toString()).toBe(' {"a": 1} ');
  });
});

describe('what some readers take for the end of a line', () => {
  test.each([
    ['"a\u2028b"', '"a\\u2028b"'],
    ['{"\u2029":"\u0085"}', '{"\\u2029":"\\u0085"}'],
  ])('in %j is escaped: %j', (text, expected) => {
    expect(parse(text)).toBe(expected);
  });

  test('is the same value as before', () => {
    const value = { '\u2028': 'a\u2029\u0085\n' };
    expect(JSON.parse(parse(JSON.stringify(value)))).toEqual(value);
  });
});

describe('in ASCII', () => {
  test.each([
    ['"abc"', '"abc"'],
    ['"\u00e4"', '"\\u00e4"'],
    ['"\u{1f600}"', '"\\ud83d\\ude00"'],
    ['"\u007f\u0080"', '"\u007f\\u0080"'],
    ['{"\u20ac":"\\u20ac\\n"}', '{"\\u20ac":"\\u20ac\\n"}'],
    ['"\u2028\uffff"', '"\\u2028\\uffff"'],
  ])('%j is %j', (payload, ascii) => {
    expect(toAscii(payload)).toBe(ascii);
    expect(JSON.parse(ascii)).toEqual(JSON.parse(payload));
  });
});

import { describe, expect, test } from 'vitest';
import { Batch } from '../../src/broker/batch.ts';
import { toEventObjects } from '../../src/http/event-object.ts';
import { parseTopic } from '../../src/core/topic.ts';
import { indentJson, payloadText } from '../../src/page/json-text.ts';

/** A line as the server writes it. */
function lineOf(payload: string, path: string = '/a'): string {
  const event = { offset: 1, timeMs: 1_500, topic: parseTopic(path), payload };
  const { events } = new Batch([event], { offset: 1, timeMs: 1_500 });
  return toEventObjects(events, () => '0123456789ab-1-deadbeef')[0] ?? '';
}

describe('what was published', () => {
  test.each([
    '{"a":1.0,"b":12345678901234567890,"a":2}',
    '{}',
    '[]',
    '[1,{"pubsub_timestamp":5}]',
    '"text"',
    'null',
    '{"pubsub_timestamp":1}',
    '{"a":"\\",\\"pubsub_timestamp\\":3"}',
    '{"pubsub_payload":1,"x":2}',
    '{"pubsub_payload":{"x":2}}',
    '{"pubsub_payload":1,"pubsub_timestamp":2}',
  ])('%s comes back to the letter', (payload) => {
    expect(payloadText(lineOf(payload))).toBe(payload);
    expect(payloadText(lineOf(payload, '/%22pubsub_timestamp%22:/b'))).toBe(payload);
  });
});

describe('indented JSON', () => {
  test.each([
    ['{"a":1.0,"b":[]}', '{\n  "a": 1.0,\n  "b": []\n}'],
    [
      '[{"a":{"b":[1,2]}},{}]',
      '[\n  {\n    "a": {\n      "b": [\n        1,\n        2\n      ]\n    }\n  },\n  {}\n]',
    ],
    ['"{[,:\\"]}"', '"{[,:\\"]}"'],
    ['-1.5e+10', '-1.5e+10'],
    ['', ''],
  ])('of %s has a line for each value', (text, expected) => {
    expect(indentJson(text)).toBe(expected);
  });

  test('is the same value', () => {
    const text = '{"a":[1,{"b":"x, y: {z}","c":[true,null,[]]}],"d":{}}';
    expect(JSON.parse(indentJson(text))).toEqual(JSON.parse(text));
    expect(indentJson(text)).toBe(JSON.stringify(JSON.parse(text), undefined, 2));
  });
});

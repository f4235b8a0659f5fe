import { describe, expect, test } from 'vitest';
import { Batch } from '../../src/broker/batch.ts';
import { topicFromSegments } from '../../src/core/topic.ts';
import { negotiateFormat } from '../../src/http/formats.ts';
import { NdjsonFormat } from '../../src/http/ndjson-format.ts';
import { SseFormat } from '../../src/http/sse-format.ts';
import { createEventBatch, toTexts } from '../support/event-batch.ts';

const cursorAt = (offset: number): string => `c${offset}`;
const WHERE = '"pubsub_path":"/json/a b","pubsub_topics":["json","a b"]';
const GAP = { reason: 'unknown', requested: 'say "when"' };

describe('NDJSON', () => {
  const format = new NdjsonFormat(cursorAt);

  test('is one chunk of lines that end in LF, each an object that says where and when', () => {
    const chunks = format.eventChunks(createEventBatch('{"a":1}', '{}', '[1]', '"\u00e4"'));
    expect(toTexts(chunks)).toEqual([
      `{"a":1,"pubsub_timestamp":1.000,${WHERE},"pubsub_cursor":"c1"}\n` +
        `{"pubsub_timestamp":2.000,${WHERE},"pubsub_cursor":"c2"}\n` +
        `{"pubsub_payload":[1],"pubsub_timestamp":3.000,${WHERE},"pubsub_cursor":"c3"}\n` +
        `{"pubsub_payload":"\u00e4","pubsub_timestamp":4.000,${WHERE},"pubsub_cursor":"c4"}\n`,
    ]);
  });

  test('is right about each event’s own topic', () => {
    const topics = [[], ['a', 'b/c%'], ['a'], []].map((segments) => topicFromSegments(segments));
    const events = topics.map((topic, i) => ({ topic, payload: '1', offset: i + 1, timeMs: 0 }));
    const [text = ''] = toTexts(format.eventChunks(new Batch(events, { offset: 4, timeMs: 0 })));
    const objects = text.trimEnd().split('\n');
    expect(objects.map((line) => JSON.parse(line) as object)).toMatchObject([
      { pubsub_path: '/', pubsub_topics: [] },
      { pubsub_path: '/a/b%2Fc%25', pubsub_topics: ['a', 'b/c%'] },
      { pubsub_path: '/a', pubsub_topics: ['a'] },
      { pubsub_path: '/', pubsub_topics: [] },
    ]);
  });

  test('lets our members win over published ones of the same name', () => {
    const [text = ''] = toTexts(
      format.eventChunks(createEventBatch('{"pubsub_cursor":"forged","pubsub_path":"/forged"}')),
    );
    expect(JSON.parse(text)).toMatchObject({ pubsub_cursor: 'c1', pubsub_path: '/json/a b' });
  });

  test('moves the cursor with each keep-alive', () => {
    expect(toTexts([format.keepAlive({ offset: 9, timeMs: 1_500 })])).toEqual([
      '{"stillalive": 1.500,"pubsub_cursor":"c9"}\n',
    ]);
  });

  test('tells of a gap first, and of nothing where there is none', () => {
    const start = { offset: 9, timeMs: 1_500 };
    expect(toTexts([format.preamble(start, undefined)])).toEqual(['']);
    const [line = ''] = toTexts([format.preamble(start, GAP)]);
    expect(line).toMatch(/\n$/);
    expect(JSON.parse(line)).toEqual({
      pubsub_gap: { requested: 'say "when"', oldest: 1.5, reason: 'unknown' },
      pubsub_cursor: 'c9',
    });
  });
});

describe('Server-Sent Events', () => {
  const format = new SseFormat(cursorAt);

  test('are a block for each event, with the cursor as its id', () => {
    expect(toTexts(format.eventChunks(createEventBatch('{"a":1}', '2')))).toEqual([
      `id: c1\ndata: {"a":1,"pubsub_timestamp":1.000,${WHERE},"pubsub_cursor":"c1"}\n\n` +
        `id: c2\ndata: {"pubsub_payload":2,"pubsub_timestamp":2.000,${WHERE},"pubsub_cursor":"c2"}\n\n`,
    ]);
  });

  test('keep alive with a comment and an id without data', () => {
    expect(toTexts([format.keepAlive({ offset: 9, timeMs: 1_500 })])).toEqual([
      ': stillalive 1.500\nid: c9\n\n',
    ]);
  });

  test('begin with how long to wait before coming back, and with an event that says where: the gap if there is one', () => {
    const start = { offset: 9, timeMs: 1_500 };
    expect(toTexts([format.preamble(start, undefined)])).toEqual([
      'retry: 2000\n\nevent: start\nid: c9\ndata: {"pubsub_cursor":"c9"}\n\n',
    ]);
    expect(toTexts([format.preamble(start, GAP)])).toEqual([
      'retry: 2000\n\nevent: gap\nid: c9\n' +
        'data: {"pubsub_gap":{"requested":"say \\"when\\"","oldest":1.500,"reason":"unknown"},"pubsub_cursor":"c9"}\n\n',
    ]);
  });
});

describe('Accept', () => {
  test.each([
    ['*/*', 'gitpubsub'],
    ['', 'gitpubsub'],
    ['application/json', 'gitpubsub'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'html'],
    ['text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2', 'gitpubsub'],
    ['application/x-ndjson', 'ndjson'],
    ['Application/X-NDJSON; charset=utf-8', 'ndjson'],
    ['text/event-stream', 'sse'],
    ['text/event-stream;q=0.5, application/x-ndjson', 'ndjson'],
    ['application/x-ndjson;q=0, text/html', 'html'],
    ['text/html;q=0.5, application/x-ndjson', 'ndjson'],
    ['application/x-gitpubsub, application/x-ndjson', 'gitpubsub'],
    ['text/event-stream;q=nonsense', 'gitpubsub'],
  ])('%j gets %s', (accept, expected) => {
    expect(negotiateFormat(accept)).toBe(expected);
  });
});

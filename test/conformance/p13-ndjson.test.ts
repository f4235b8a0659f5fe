// P13: lines of JSON that tell where and when each event was published. What their cursors promise is in p13-p14-cursors.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { toEventObject } from '../support/event-object.ts';
import { publish, publishAll } from '../support/publisher.ts';
import { StreamReader, type StreamOptions } from '../support/stream-reader.ts';

let broker: BrokerProcess;

beforeAll(async () => {
  broker = await BrokerProcess.start({ flags: ['--keep-alive-seconds', '0.3'] });
});
afterAll(async () => {
  await broker.dispose();
});

const asked: StreamOptions = { headers: [['Accept', 'application/x-ndjson']] };

async function readOne(path: string, body: string): Promise<string> {
  const stream = await StreamReader.open(broker.target, path, asked);
  try {
    await publish(broker.target, path, body);
    return await stream.nextEvent();
  } finally {
    stream.close();
  }
}

describe('P13 NDJSON', () => {
  it.each([
    ['by Accept', '/asked', asked],
    ['by the query', '/asked?format=ndjson', {}],
  ])('is there for who asks for it %s', async (_how, path, options) => {
    const stream = await StreamReader.open(broker.target, path, options);
    expect(stream.response.header('content-type')).toBe('application/x-ndjson');
    expect(stream.response.header('transfer-encoding')).toBe('chunked');
    await stream.waitForKeepAlives(1);
    expect(stream.items[0]?.kind).toBe('keep-alive');
    stream.close();
  });

  it('has a keep-alive of a float and a cursor, and nothing else in it', async () => {
    const stream = await StreamReader.open(broker.target, '/alive', asked);
    await stream.waitForKeepAlives(3);
    for (const { kind, text } of stream.items) {
      expect(kind).toBe('keep-alive');
      expect(text).toMatch(/^\{"stillalive": \d+\.\d+,"pubsub_cursor":"[A-Za-z0-9_.-]{1,64}"\}$/);
    }
    stream.close();
  });

  it('is lines that end in LF alone, each one JSON object, whatever was published', async () => {
    const stream = await StreamReader.open(broker.target, '/lines', asked);
    const bodies = Array.from(
      { length: 50 },
      (_, index) => `\n{"n":${String(index)},\r\n "t":"\u{1f600}\u2028\u0085 \\n\\r"}\r\n\r\n`,
    );
    await Promise.all(bodies.map(async (body) => publish(broker.target, '/lines', body)));
    await stream.waitForEvents(bodies.length);
    await stream.waitForKeepAlives(2);
    const lines = stream.response.text.split('\n');
    expect(lines.pop()).toBe('');
    for (const line of lines) expect(JSON.parse(line)).toBeTypeOf('object');
    // Nor what some readers take for the end of a line.
    expect(stream.response.text).not.toMatch(/[\r\u0085\u2028\u2029]/);
    stream.close();
  });

  it('adds four members at the end of an object, and changes nothing else of it', async () => {
    const stream = await StreamReader.open(broker.target, '/json/widget', asked);
    const body = '{"b":12345678901234567890,"a":1.0,"a":1e400,"\\u0061":"\\u00e9\\/","z":{}}';
    const acknowledgement = await publish(broker.target, '/json/widget', body);
    expect(await stream.nextEvent()).toBe(toEventObject('/json/widget', body, acknowledgement));
    stream.close();
  });

  it('tells the time and the cursor that the publisher was told', async () => {
    const stream = await StreamReader.open(broker.target, '/told', asked);
    const acknowledgements = await publishAll(broker.target, '/told', ['{"n":1}', '[2]', '3']);
    const events = await stream.waitForEvents(3);
    expect(events.map((event): unknown => JSON.parse(event))).toMatchObject(
      acknowledgements.map(({ timestamp, cursor }) => ({
        pubsub_timestamp: timestamp,
        pubsub_cursor: cursor,
      })),
    );
    for (const event of events) expect(event).toMatch(/"pubsub_timestamp":\d+\.\d+,/);
    stream.close();
  });

  it('shows an empty object as our members alone', async () => {
    const event = await readOne('/empty', '{ }');
    expect(Object.keys(JSON.parse(event) as object)).toStrictEqual([
      'pubsub_timestamp',
      'pubsub_path',
      'pubsub_topics',
      'pubsub_cursor',
    ]);
  });

  it.each([
    ['an array', '[1, {"a": 2}, []]', '[1,{"a":2},[]]'],
    ['an empty array', '[]', '[]'],
    ['a string', '"{\\"a\\":1}"', '"{\\"a\\":1}"'],
    ['an empty string', '""', '""'],
    ['a number', '12345678901234567890', '12345678901234567890'],
    ['a number with a point', '1.0', '1.0'],
    ['true', 'true', 'true'],
    ['false', 'false', 'false'],
    ['null', 'null', 'null'],
  ])('wraps %s, which is no object', async (_what, body, expected) => {
    const event = await readOne('/wrapped', body);
    expect(event.startsWith(`{"pubsub_payload":${expected},"pubsub_timestamp":`)).toBe(true);
    expect(JSON.parse(event)).toMatchObject({ pubsub_payload: JSON.parse(body), pubsub_path: '/wrapped' });
  });

  it.each([
    [
      'as they are',
      '{"pubsub_cursor":"x","pubsub_path":"/x","pubsub_topics":["x"],"pubsub_timestamp":1,"a":2}',
    ],
    ['with escapes', '{"pubsub\\u005fcursor":"x","\\u0070ubsub_path":"/x","pubsub_topics":0,"a":2}'],
    ['more than once', '{"pubsub_cursor":"x","a":2,"pubsub_cursor":"y","pubsub_path":null}'],
  ])('lets ours win over published members of the same names, written %s', async (_how, body) => {
    const stream = await StreamReader.open(broker.target, '/forged', asked);
    const { cursor, timestamp } = await publish(broker.target, '/forged', body);
    expect(JSON.parse(await stream.nextEvent())).toMatchObject({
      a: 2,
      pubsub_cursor: cursor,
      pubsub_path: '/forged',
      pubsub_topics: ['forged'],
      pubsub_timestamp: timestamp,
    });
    stream.close();
  });

  it.each([
    ['/', '/', []],
    ['/a', '/a', ['a']],
    ['//a///b/', '/a/b', ['a', 'b']],
    ['/a%2Fb/c', '/a%2Fb/c', ['a/b', 'c']],
    ['/100%25/%22', '/100%25/"', ['100%', '"']],
    ['/gr%C3%BCn/%F0%9F%98%80', '/grün/\u{1f600}', ['grün', '\u{1f600}']],
    ['/with%20blank/%5C', '/with blank/\\', ['with blank', '\\']],
  ])('names the topic of %s as a path and in segments', async (path, shown, segments) => {
    const stream = await StreamReader.open(broker.target, '/', asked);
    const { cursor } = await publish(broker.target, path, '1');
    const event = await stream.waitFor(
      () => stream.events.find((text) => text.includes(cursor)),
      'the event',
    );
    expect(JSON.parse(event)).toMatchObject({ pubsub_path: shown, pubsub_topics: segments });
    stream.close();
  });

  it('names each event’s own topic in a stream of several', async () => {
    const stream = await StreamReader.open(broker.target, '/many', asked);
    const topics = Array.from({ length: 40 }, (_, index) => `/many/${String(index % 4)}/x`);
    await Promise.all(
      topics.map(async (topic, index) =>
        publish(broker.target, topic, `{"at":"${topic}","n":${String(index)}}`),
      ),
    );
    for (const event of await stream.waitForEvents(topics.length)) {
      const { at, pubsub_path: shown } = JSON.parse(event) as { at: string; pubsub_path: string };
      expect(shown).toBe(at);
    }
    stream.close();
  });

  it('brings a burst of all sizes complete and in one order, live and in a replay', async () => {
    const sizes = [20, 60, 500, 3_000, 15_900, 16_000, 16_100, 33_000, 70_000, 200_000];
    const bodies = Array.from({ length: 200 }, (_, index) => {
      const start = `{"n":${String(index)},"t":"é`;
      return `${start}${'x'.repeat(Math.max(0, (sizes[index % sizes.length] ?? 20) - start.length))}"}`;
    });
    const live = await StreamReader.open(broker.target, '/burst', asked);
    const acknowledgements = await Promise.all(
      bodies.map(async (body) => publish(broker.target, '/burst', body)),
    );
    const expected = acknowledgements.map((acknowledgement, index) =>
      toEventObject('/burst', bodies[index] ?? '', acknowledgement),
    );
    const order = await live.waitForEvents(bodies.length);
    expect(order.toSorted()).toStrictEqual(expected.toSorted());
    const replay = await StreamReader.open(broker.target, '/burst?since=0', asked);
    expect(await replay.waitForEvents(bodies.length)).toStrictEqual(order);
    live.close();
    replay.close();
  });

  it('holds an event as large as one may be', async () => {
    const body = `{"t":"${'x'.repeat(256 * 1024 - 8)}"}`;
    const stream = await StreamReader.open(broker.target, '/large', asked);
    const acknowledgement = await publish(broker.target, '/large', body);
    expect(await stream.nextEvent()).toBe(toEventObject('/large', body, acknowledgement));
    stream.close();
  });
});

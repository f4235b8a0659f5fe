// P10 and P11: the head of a stream, and one chunk per event in the default format.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { publish } from '../support/publisher.ts';
import { StreamReader } from '../support/stream-reader.ts';

let broker: BrokerProcess;
let quiet: BrokerProcess;

beforeAll(async () => {
  [broker, quiet] = await Promise.all([
    BrokerProcess.start({ flags: ['--keep-alive-seconds', '0.3'] }),
    BrokerProcess.start({ flags: ['--keep-alive-seconds', '8'] }),
  ]);
});
afterAll(async () => {
  await Promise.all([broker.dispose(), quiet.dispose()]);
});

describe.concurrent('P10 a stream', () => {
  it('answers 200, chunked, without a length', async () => {
    const stream = await StreamReader.open(broker.target, '/head');
    expect(stream.response.statusCode).toBe(200);
    expect(stream.response.header('transfer-encoding')).toBe('chunked');
    expect(stream.response.header('content-length')).toBeUndefined();
    stream.close();
  });

  it('sends its head and a first keep-alive at once, although nothing was ever published there', async () => {
    const stream = await StreamReader.open(quiet.target, '/never/published');
    await stream.waitForKeepAlives(1, 4_000);
    expect(stream.items[0]?.kind).toBe('keep-alive');
    stream.close();
  });

  it('tells caches and proxies to keep their hands off', async () => {
    const stream = await StreamReader.open(broker.target, '/head');
    expect(stream.response.header('cache-control')).toBe('no-cache, no-transform');
    expect(stream.response.header('x-accel-buffering')).toBe('no');
    stream.close();
  });

  it('is never compressed', async () => {
    const stream = await StreamReader.open(broker.target, '/plain', {
      headers: [['Accept-Encoding', 'gzip, deflate, br, zstd']],
    });
    expect(stream.response.header('content-encoding')).toBeUndefined();
    await publish(broker.target, '/plain', `"${'x'.repeat(10_000)}"`);
    expect(await stream.nextEvent()).toBe(`"${'x'.repeat(10_000)}"`);
    stream.close();
  });

  it('never ends by itself', async () => {
    const stream = await StreamReader.open(broker.target, '/endless');
    await stream.waitForKeepAlives(5);
    await publish(broker.target, '/endless', '1');
    expect(await stream.nextEvent()).toBe('1');
    expect(stream.response.end).toBeUndefined();
    stream.close();
  });

  it('goes on for a client that says Connection: close', async () => {
    const stream = await StreamReader.open(broker.target, '/closing', { headers: [['Connection', 'close']] });
    await stream.waitForKeepAlives(3);
    await publish(broker.target, '/closing', '1');
    expect(await stream.nextEvent()).toBe('1');
    stream.close();
  });

  it('starts where its X-Cursor says, also while others publish', async () => {
    const done = new AbortController();
    const publishing = (async () => {
      for (let number = 0; !done.signal.aborted; number += 1)
        await publish(broker.target, '/start', String(number));
    })();
    try {
      for (let round = 0; round < 8; round += 1) {
        const live = await StreamReader.open(broker.target, '/start');
        const events = await live.waitForEvents(5);
        const replay = await StreamReader.open(broker.target, '/start', {
          headers: [['X-Fetch-Since-Cursor', live.requireHeader('x-cursor')]],
        });
        expect(await replay.waitForEvents(5)).toStrictEqual(events);
        live.close();
        replay.close();
      }
    } finally {
      done.abort();
      await publishing;
    }
  });

  it('names a cursor of at most 64 ASCII characters, also on an empty log', async () => {
    const stream = await StreamReader.open(quiet.target, '/');
    const cursor = stream.requireHeader('x-cursor');
    expect(cursor).toMatch(/^[A-Za-z0-9_.-]{1,64}$/);
    await publish(quiet.target, '/first', '"first"');
    const resumed = await StreamReader.open(quiet.target, '/', {
      headers: [['X-Fetch-Since-Cursor', cursor]],
    });
    expect(resumed.response.header('x-fetch-gap')).toBeUndefined();
    expect(await resumed.nextEvent()).toBe('"first"');
    stream.close();
    resumed.close();
  });
});

describe('P11 the default format', () => {
  it.each([
    ['no Accept', undefined],
    ['any type', '*/*'],
    ['JSON', 'application/json'],
    ['its own type', 'application/x-gitpubsub'],
    ['a type nobody knows', 'application/x-nothing'],
  ])('is what a client gets that asks for nothing else: %s', async (_who, accept) => {
    const headers = accept === undefined ? [] : [['Accept', accept] as const];
    const stream = await StreamReader.open(broker.target, '/format', { headers });
    expect(stream.response.header('content-type')).toBe('application/x-gitpubsub');
    await publish(broker.target, '/format', '{"a":1}');
    await stream.nextEvent();
    expect(stream.items.findLast((item) => item.kind === 'event')?.text).toBe('{"a":1}');
    stream.close();
  });

  it.each([
    ['an object', '{"a": 1}', '{"a":1}\r\n'],
    ['an array', '[1, 2]', '[1,2]\r\n'],
    ['a scalar', ' "x" ', '"x"\r\n'],
    ['an empty object', '{ }', '{}\r\n'],
    ['a character beyond ASCII', '"\u20ac"', '"\\u20ac"\r\n'],
    ['a character beyond the first plane', '"\u{1f600}"', '"\\ud83d\\ude00"\r\n'],
  ])('adds nothing to %s but CR LF', async (_what, body, expected) => {
    const stream = await StreamReader.open(broker.target, '/bare');
    await publish(broker.target, '/bare', body);
    await stream.nextEvent();
    const chunk = stream.response.chunks.find(
      ({ data }) => !data.toString('latin1').startsWith('{"stillalive"'),
    );
    expect(chunk?.data.toString('latin1').replace(/\\u[0-9A-F]{4}/g, (escape) => escape.toLowerCase())).toBe(
      expected,
    );
    stream.close();
  });

  it('holds exactly one event in each chunk, whatever the burst, the sizes and the number of subscribers', async () => {
    const sizes = [20, 60, 500, 3_000, 15_900, 16_000, 16_100, 33_000, 70_000, 200_000];
    const bodies = Array.from({ length: 200 }, (_, index) => {
      const frame = `{"n":${String(index)},"t":"\u00e9"}`;
      const padding = 'x'.repeat(Math.max(0, (sizes[index % sizes.length] ?? 20) - frame.length - 5));
      return `{"n":${String(index)},"t":"\u00e9${padding}"}`;
    });
    const streams = await Promise.all(
      ['/burst', '/', '/burst/*', '/burst', '/burst'].map(async (path) =>
        StreamReader.open(broker.target, path),
      ),
    );
    const start = streams[0]?.requireHeader('x-cursor') ?? '';
    await Promise.all(bodies.map(async (body) => publish(broker.target, '/burst', body)));
    streams.push(
      await StreamReader.open(broker.target, '/burst', { headers: [['X-Fetch-Since-Cursor', start]] }),
    );
    const expected = bodies.map((body) => `${body.replace('\u00e9', '\\u00e9')}\r\n`).toSorted();
    const orders: (readonly string[])[] = [];
    for (const stream of streams) {
      await stream.waitForEvents(bodies.length);
      const chunks = stream.items.filter((item) => item.kind === 'event').map((item) => `${item.text}\r\n`);
      orders.push(chunks);
      expect(chunks.toSorted()).toStrictEqual(expected);
      for (const { data } of stream.response.chunks)
        expect(data.subarray(-2).toString('latin1')).toBe('\r\n');
    }
    for (const order of orders) expect(order).toStrictEqual(orders[0]);
    for (const stream of streams) stream.close();
  });

  it('never sends a blank line or anything that is not one line of ASCII', async () => {
    const stream = await StreamReader.open(broker.target, '/lines');
    const bodies = Array.from(
      { length: 50 },
      (_, index) => `\n\n{"n":${String(index)},\r\n "t":"\u{1f600}\u2028"}\n\n`,
    );
    await Promise.all(bodies.map(async (body) => publish(broker.target, '/lines', body)));
    await stream.waitForEvents(bodies.length);
    await stream.waitForKeepAlives(stream.keepAliveCount + 1);
    for (const { data } of stream.response.chunks)
      expect(data.toString('latin1')).toMatch(/^[\x20-\x7e]+\r\n$/);
    stream.close();
  });
});

// P14: Server-Sent Events. What their cursors promise is in p13-p14-cursors; real clients are in test/clients.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { toEventObject } from '../support/event-object.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish, publishAll } from '../support/publisher.ts';
import { request } from '../support/raw-http.ts';
import { StreamReader, type StreamOptions } from '../support/stream-reader.ts';

let broker: BrokerProcess;

beforeAll(async () => {
  broker = await BrokerProcess.start({
    flags: ['--keep-alive-seconds', '0.3', '--cors-origins', 'https://dashboard.example'],
  });
});
afterAll(async () => {
  await broker.dispose();
});

const asked: StreamOptions = { headers: [['Accept', 'text/event-stream']] };
const CURSOR = '[A-Za-z0-9_.-]{1,64}';

describe('P14 Server-Sent Events', () => {
  it.each([
    ['by Accept', '/asked', asked],
    ['by the query', '/asked?format=sse', {}],
  ])('are there for who asks for them %s', async (_how, path, options) => {
    const stream = await StreamReader.open(broker.target, path, options);
    expect(stream.response.header('content-type')).toBe('text/event-stream');
    expect(stream.response.header('cache-control')).toBe('no-cache, no-transform');
    expect(stream.response.header('x-accel-buffering')).toBe('no');
    await stream.waitForKeepAlives(1);
    stream.close();
  });

  it('say once, and first, how long to wait before coming back', async () => {
    const stream = await StreamReader.open(broker.target, '/retry', asked);
    await publishAll(broker.target, '/retry', ['1', '2', '3']);
    await stream.waitForEvents(3);
    await stream.waitForKeepAlives(5);
    expect(stream.items[0]).toMatchObject({
      name: 'retry',
      text: expect.stringMatching(/^retry: \d+$/) as string,
    });
    expect(stream.response.text.match(/^retry:/gm)).toHaveLength(1);
    stream.close();
  });

  it('begin with a named event, so that also a client that takes ids of events alone can resume from here', async () => {
    const stream = await StreamReader.open(broker.target, '/begin', asked);
    const cursor = stream.requireHeader('x-cursor');
    await stream.waitForKeepAlives(1);
    expect(stream.items[1]).toStrictEqual({
      kind: 'notice',
      name: 'start',
      cursor,
      text: `{"pubsub_cursor":"${cursor}"}`,
    });
    expect(stream.response.text.match(/^event:/gm)).toHaveLength(1);
    stream.close();
  });

  it('are a block of an id and the object of P13 each, without a name', async () => {
    const stream = await StreamReader.open(broker.target, '/json/widget', asked);
    const body = '{"b":12345678901234567890,"a":1.0,"t":"é\\n\\r\\u2028\u2028"}';
    const acknowledgement = await publish(broker.target, '/json/widget', body);
    const stored = body.replaceAll('\u2028', String.raw`\u2028`); // [P7]
    const object = toEventObject('/json/widget', stored, acknowledgement);
    await stream.nextEvent();
    expect(stream.response.text).toContain(`\n\nid: ${acknowledgement.cursor}\ndata: ${object}\n\n`);
    stream.close();
  });

  it.each(['[1]', '"x\\ny"', '1.0', 'null', '{}', '"data: x"'])('carry %s as P13 does', async (body) => {
    const path = '/values';
    const [sse, ndjson] = await Promise.all([
      StreamReader.open(broker.target, path, asked),
      StreamReader.open(broker.target, path, { headers: [['Accept', 'application/x-ndjson']] }),
    ]);
    const { cursor } = await publish(broker.target, path, body);
    const find = (stream: StreamReader): Promise<string> =>
      stream.waitFor(() => stream.events.find((text) => text.includes(cursor)), 'the event');
    expect(await find(sse)).toBe(await find(ndjson));
    sse.close();
    ndjson.close();
  });

  it('keep alive with a comment and a block of nothing but an id', async () => {
    const stream = await StreamReader.open(broker.target, '/alive', asked);
    await stream.waitForKeepAlives(4);
    const texts = stream.items.filter(({ kind }) => kind === 'keep-alive').map(({ text }) => text);
    for (const text of texts) expect(text).toMatch(new RegExp(`^: stillalive \\d+\\.\\d+\nid: ${CURSOR}$`));
    stream.close();
  });

  it('hold lines of known fields and comments alone, however much comes', async () => {
    const stream = await StreamReader.open(broker.target, '/fields', asked);
    const bodies = Array.from(
      { length: 200 },
      (_, index) => `{"n":${String(index)},"t":"${'x'.repeat(index * 97)}"}`,
    );
    await Promise.all(bodies.map(async (body) => publish(broker.target, '/fields', body)));
    await stream.waitForEvents(bodies.length);
    await stream.waitForKeepAlives(3);
    const text = stream.response.text;
    expect(text).not.toContain('\r');
    expect(text.endsWith('\n\n')).toBe(true);
    const lines = text.split('\n').filter((line) => line !== '');
    expect(lines.filter((line) => !/^(?:: |id: |data: |event: |retry: )/.test(line))).toStrictEqual([]);
    stream.close();
  });

  it('go on after the id in Last-Event-ID, which beats the query that a reconnect repeats', async () => {
    const path = '/resume';
    const [first, second] = await publishAll(broker.target, path, ['{"n":1}', '{"n":2}', '{"n":3}']);
    const stream = await StreamReader.open(
      broker.target,
      `${path}?format=sse&since=0&lastEventId=${first?.cursor ?? ''}`,
      { headers: [['Last-Event-ID', second?.cursor ?? '']] },
    );
    expect(JSON.parse(await stream.nextEvent())).toMatchObject({ n: 3 });
    expect(stream.requireHeader('x-cursor')).toBe(second?.cursor);
    stream.close();
  });

  it('go on after the id in the query, for a page that was loaded anew', async () => {
    const [first] = await publishAll(broker.target, '/reload', ['{"n":1}', '{"n":2}']);
    const stream = await StreamReader.open(
      broker.target,
      `/reload?lastEventId=${first?.cursor ?? ''}`,
      asked,
    );
    expect(JSON.parse(await stream.nextEvent())).toMatchObject({ n: 2 });
    stream.close();
  });

  it('are refused as a poll, however they were asked for', async () => {
    expectProblem(await request(broker.target, { path: '/poll?format=sse&poll=1' }), 400);
    const { detail } = expectProblem(await request(broker.target, { path: '/poll?poll=1', ...asked }), 400);
    expect(detail).toContain('format=ndjson');
  });

  it('may be read by a page of an origin in corsOrigins, and its refusals too, but by no other', async () => {
    const origin: readonly [string, string] = ['Origin', 'https://dashboard.example'];
    const accept: readonly [string, string] = ['Accept', 'text/event-stream'];
    const stream = await StreamReader.open(broker.target, '/cors', { headers: [accept, origin] });
    expect(stream.response.header('access-control-allow-origin')).toBe(origin[1]);
    expect(stream.response.header('vary')).toBe('Origin');
    const refused = await request(broker.target, { path: '/cors?x=1', headers: [accept, origin] });
    expect(refused.header('access-control-allow-origin')).toBe(origin[1]);
    const other = await StreamReader.open(broker.target, '/cors', {
      headers: [accept, ['Origin', 'https://evil.example']],
    });
    expect(other.response.header('access-control-allow-origin')).toBeUndefined();
    stream.close();
    other.close();
  });
});

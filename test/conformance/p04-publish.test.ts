// P4: what a publish answers, and that the answer means stored.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { publish, Publisher, publishAll } from '../support/publisher.ts';
import { request } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';

let broker: BrokerProcess;

beforeAll(async () => {
  broker = await BrokerProcess.start();
});
afterAll(async () => {
  await broker.dispose();
});

describe('P4 publishing', () => {
  it.each(['POST', 'PUT'])('delivers what %s brings', async (method) => {
    const stream = await StreamReader.open(broker.target, '/methods');
    const response = await request(broker.target, { method, path: '/methods', body: '{"by":"method"}' });
    expect(response.statusCode).toBe(200);
    expect(await stream.nextEvent()).toBe('{"by":"method"}');
    stream.close();
  });

  it('answers with a JSON body that holds a cursor and a timestamp and nothing else', async () => {
    const response = await request(broker.target, { method: 'POST', path: '/answer', body: '{}' });
    expect(response.header('content-type')).toMatch(/^application\/json\b/);
    expect(response.json()).toStrictEqual({
      cursor: expect.stringMatching(/^[A-Za-z0-9_.-]{1,64}$/),
      timestamp: expect.any(Number),
    });
  });

  it('repeats the cursor in X-Cursor', async () => {
    const { cursor, response } = await publish(broker.target, '/answer', '{}');
    expect(response.header('x-cursor')).toBe(cursor);
  });

  it('gives the timestamp in whole seconds, rounded down, in X-Timestamp', async () => {
    for (let count = 0; count < 20; count += 1) {
      const { timestamp, response } = await publish(broker.target, '/answer', '{}');
      expect(response.header('x-timestamp')).toBe(String(Math.floor(timestamp)));
    }
  });

  it('timestamps with the time of the publish', async () => {
    const beforeSeconds = Date.now() / 1000;
    const { timestamp } = await publish(broker.target, '/answer', '{}');
    const afterSeconds = Date.now() / 1000;
    expect(timestamp).toBeGreaterThanOrEqual(beforeSeconds - 1);
    expect(timestamp).toBeLessThanOrEqual(afterSeconds + 1);
  });

  it('gives every event a cursor of its own and times that never go back', async () => {
    const acknowledgements = await publishAll(broker.target, '/order', Array(50).fill('{}'));
    expect(new Set(acknowledgements.map(({ cursor }) => cursor)).size).toBe(50);
    const times = acknowledgements.map(({ timestamp }) => timestamp);
    expect(times).toStrictEqual(times.toSorted((a, b) => a - b));
  });

  it('takes one publish after another on one connection', async () => {
    const stream = await StreamReader.open(broker.target, '/kept');
    const publisher = await Publisher.open(broker.target);
    for (let number = 0; number < 10; number += 1) await publisher.publish('/kept', String(number));
    publisher.close();
    expect(await stream.waitForEvents(10)).toStrictEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    stream.close();
  });

  it('answers 200 only once the event survives a killed broker', async () => {
    const crashing = await BrokerProcess.start();
    try {
      const bodies = Array.from({ length: 40 }, (_, number) => `{"number":${String(number)}}`);
      await Promise.all(bodies.map(async (body) => publish(crashing.target, '/durable', body)));
      await crashing.kill();
      await crashing.launch();
      const stream = await StreamReader.open(crashing.target, '/durable', {
        headers: [['X-Fetch-Since', '0']],
      });
      const events = await stream.waitForEvents(bodies.length);
      expect(events.toSorted()).toStrictEqual(bodies.toSorted());
      stream.close();
    } finally {
      await crashing.dispose();
    }
  });
});

describe('Commit events on the wire', () => {
  it('arrive under /json as the hook published them, whatever the names in them', async () => {
    const event =
      '{"commit":{"repository":"git","project":"caf\\u00e9 \\"x\\"","ref":"refs/heads/feature/a","hash":"0123456789abcdef0123456789abcdef01234567",' +
      '"parents":[],"subject":"line\\twith \\\\ tab","subjectRaw":"/w==","files":["a b","dir/\\n"],"changes":"2 files"}}';
    const all = await StreamReader.open(broker.target, '/json');
    const branch = await StreamReader.open(broker.target, '/json/caf%C3%A9%20%22x%22/feature/a');
    await publish(broker.target, '/json/caf%C3%A9%20%22x%22/feature/a', event);
    expect(await all.nextEvent()).toBe(event);
    expect(await branch.nextEvent()).toBe(event);
    all.close();
    branch.close();
  });
});

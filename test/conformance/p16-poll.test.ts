// P16: what there is up to now, and then the end of the answer.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeBacklog, makeRandomBacklog } from '../support/backlog.ts';
import { BrokerProcess } from '../support/broker-process.ts';
import { pauseFor, pollUntil } from '../support/deadline.ts';
import { toEventObject } from '../support/event-object.ts';
import { poll, readPoll } from '../support/poll.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish, publishAll } from '../support/publisher.ts';
import { composeRequest, RawConnection, request } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';
import { countBytes } from '../support/stop-and-go.ts';
import { withBroker } from '../support/with-broker.ts';

let broker: BrokerProcess;

beforeAll(async () => {
  broker = await BrokerProcess.start({ flags: ['--keep-alive-seconds', '0.1'] });
});
afterAll(async () => {
  await broker.dispose();
});

const formats = ['gitpubsub', 'ndjson'] as const;
const mediaTypes = { gitpubsub: 'application/x-gitpubsub', ndjson: 'application/x-ndjson' } as const;

function numbered(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `{"n":${String(index)}}`);
}

function after(cursor: string): readonly (readonly [string, string])[] {
  return [['X-Fetch-Since-Cursor', cursor]];
}

/** The members that a test published, without ours. */
function toNumber(event: string): unknown {
  return (JSON.parse(event) as { n?: unknown }).n;
}

describe.each(formats)('P16 a poll: %s', (format) => {
  const path = `/${format}`;
  const query = `?format=${format}`;

  it('brings what is asked for, no keep-alives, and the end', async () => {
    const bodies = numbered(300);
    const acknowledgements = await publishAll(broker.target, path, bodies);
    const { events, cursor, response } = await poll(broker.target, `${path}${query}&since=0`);
    const expected = acknowledgements.map((acknowledgement, index) =>
      format === 'ndjson' ? toEventObject(path, bodies[index] ?? '', acknowledgement) : bodies[index],
    );
    expect(events).toStrictEqual(expected);
    expect(response.end).toBe('final-chunk');
    expect(response.header('content-type')).toBe(mediaTypes[format]);
    expect(response.header('cache-control')).toBe('no-cache, no-transform');
    expect(cursor).toBe(acknowledgements.at(-1)?.cursor);
    expect(response.text).not.toContain('stillalive');
    const lineEnd = format === 'ndjson' ? '\n' : '\r\n';
    expect(response.text).toBe(expected.map((line) => `${line ?? ''}${lineEnd}`).join(''));
  });

  it('that asks for nothing old brings a cursor, and the next one goes on from there', async () => {
    const topic = `${path}/from-now`;
    const first = await poll(broker.target, topic + query);
    expect(first.events).toStrictEqual([]);
    await publishAll(broker.target, topic, numbered(3));
    const second = await poll(broker.target, topic + query, after(first.cursor));
    expect(second.events.map(toNumber)).toStrictEqual([0, 1, 2]);
    const third = await poll(broker.target, topic + query, after(second.cursor));
    expect(third.events).toStrictEqual([]);
    expect(third.cursor).toBe(second.cursor);
  });

  it('moves on over what is elsewhere', async () => {
    const topic = `${path}/quiet`;
    const first = await poll(broker.target, topic + query);
    const elsewhere = await publish(broker.target, '/elsewhere', '1');
    const second = await poll(broker.target, topic + query, after(first.cursor));
    expect(second.events).toStrictEqual([]);
    expect(second.cursor).toBe(elsewhere.cursor);
  });

  it('with publishers at work ends at its cursor, and the next one goes on without a gap or a repeat', async () => {
    const topic = `${path}/busy`;
    const done = new AbortController();
    const lanes = [0, 1, 2, 3].map(async (lane) => {
      let count = 0;
      while (!done.signal.aborted) {
        const number = String((count += 1) * 4 + lane);
        await publish(broker.target, topic, `{"n":${number},"t":"${'x'.repeat((count * 7_919) % 20_000)}"}`);
      }
    });
    const seen: string[] = [];
    let { cursor } = await poll(broker.target, `${topic}${query}&since=0`);
    const start = cursor;
    for (let round = 0; round < 60; round += 1) {
      const answer = await poll(broker.target, topic + query, after(cursor));
      seen.push(...answer.events);
      cursor = answer.cursor;
    }
    done.abort();
    await Promise.all(lanes);
    seen.push(...(await poll(broker.target, topic + query, after(cursor))).events);
    expect(seen.length).toBeGreaterThan(60);
    expect(seen).toStrictEqual((await poll(broker.target, topic + query, after(start))).events);
  });

  it('leaves its connection for the next one, and no subscriber behind', async () => {
    await publish(broker.target, `${path}/kept`, '{"n":1}');
    const connection = await RawConnection.open(broker.target);
    for (let round = 0; round < 5; round += 1) {
      connection.write(composeRequest({ path: `${path}/kept${query}&since=0&poll=1` }));
      expect(readPoll(await connection.readResponse()).events.map(toNumber)).toStrictEqual([1]);
      connection.write(composeRequest({ path: `${path}/kept${query}&poll=1` }));
      expect(readPoll(await connection.readResponse()).events).toStrictEqual([]);
    }
    connection.close();
    await pollUntil(async () => {
      const head = await request(broker.target, { method: 'HEAD' });
      return head.header('x-subscribers') === '0' ? true : undefined;
    }, 'no subscriber is left');
  });

  it('that pruning overtakes is cut, for its end would say that nothing is missing', async () => {
    await withBroker(['--retention-events', '60'], async (pruning) => {
      await publishAll(pruning.target, path, makeBacklog(60));
      const connection = await RawConnection.open(pruning.target);
      connection.pause();
      connection.write(composeRequest({ path: `${path}${query}&since=0&poll=1` }));
      const response = connection.expect();
      await pollUntil(async () => {
        const head = await request(pruning.target, { method: 'HEAD' });
        return head.header('x-subscribers') === '1' ? true : undefined;
      }, 'the poll has begun');
      await publishAll(pruning.target, path, makeBacklog(60));
      await pollUntil(async () => {
        const metrics = await request(pruning.target, { path: '/-/metrics' });
        return metrics.body.includes('\ngitpubsub_log_events 60\n') || undefined;
      }, 'the first ones are pruned');
      connection.resume();
      await connection.waitFor(() => response.end, 'the end', response);
      expect(response.end).toBe('cut');
      connection.close();
    });
  });
});

describe('P16 in the default format', () => {
  it('is one event in each chunk', async () => {
    await publishAll(broker.target, '/chunks', numbered(50));
    const { response } = await poll(broker.target, '/chunks?since=0');
    expect(response.chunks.map(({ data }) => data.toString())).toStrictEqual(
      numbered(50).map((body) => `${body}\r\n`),
    );
  });

  it('is there for who asks for no format', async () => {
    const { response } = await poll(broker.target, '/chunks', [['Accept', '*/*']]);
    expect(response.header('content-type')).toBe(mediaTypes.gitpubsub);
  });
});

describe('P16 the query', () => {
  it('goes with a format in Accept', async () => {
    const { response } = await poll(broker.target, '/accept', [['Accept', 'application/x-ndjson']]);
    expect(response.header('content-type')).toBe(mediaTypes.ndjson);
  });

  it.each(['poll=0', 'poll=', 'poll', 'poll=true', 'poll=1&poll=1', 'pol=1'])(
    'is refused as ?%s',
    async (query) => {
      const { detail } = expectProblem(await request(broker.target, { path: `/x?${query}` }), 400);
      expect(detail).toContain('poll');
    },
  );
});

describe('P16 a poll of 60 MB', () => {
  const stored = [...makeRandomBacklog(16, 60_000_000, 200_000)];
  let large: BrokerProcess;

  beforeAll(async () => {
    large = await BrokerProcess.start({ flags: ['--keep-alive-seconds', '0.5'] });
    await publishAll(large.target, '/large', stored);
  }, 60_000);
  afterAll(async () => {
    await large.dispose();
  });

  it.each(formats)(
    'is complete, and nothing beyond its cursor, for a reader that stops for 5 seconds in the middle: %s',
    async (format) => {
      const connection = await RawConnection.open(large.target);
      connection.write(composeRequest({ path: `/large?since=0&poll=1&format=${format}` }));
      const response = connection.expect();
      await connection.waitFor(
        () => (countBytes(response) > 20_000_000 ? true : undefined),
        '20 MB',
        response,
      );
      connection.pause();
      const later = `{"n":"later than ${format}"}`;
      await publish(large.target, '/large', later);
      await pauseFor(5_000);
      connection.resume();
      await connection.waitFor(() => response.end, 'the end', response);
      const { events } = readPoll(response);
      expect(events).toHaveLength(stored.length);
      for (const [index, body] of stored.entries()) expect(events[index]).toContain(body.slice(0, -1));
      stored.push(later);
      connection.close();
    },
    60_000,
  );
});

describe.concurrent('P16, P27 a poll in the middle of which the broker is stopped', () => {
  it.each(formats)('is complete when its reader goes on: %s', async (format) => {
    await withBroker([], async (stopping) => {
      const bodies = makeBacklog(120);
      await publishAll(stopping.target, '/stop', bodies);
      const connection = await RawConnection.open(stopping.target);
      connection.write(composeRequest({ path: `/stop?since=0&poll=1&format=${format}` }));
      const response = connection.expect();
      await connection.waitFor(() => (countBytes(response) > 1_000_000 ? true : undefined), '1 MB', response);
      connection.pause();
      stopping.sendSignal('SIGTERM');
      await pollUntil(async () => {
        const probe = await RawConnection.open(stopping.target).catch(() => undefined);
        probe?.close();
        return probe === undefined ? true : undefined;
      }, 'new connections are refused');
      connection.resume();
      await connection.waitFor(() => response.end, 'the end', response);
      expect(readPoll(response).events).toHaveLength(bodies.length);
      expect(await stopping.waitForExit(10_000)).toStrictEqual({ code: 0, signal: null });
    });
  });

  it.each(formats)('is cut, and does not look complete, when its reader does not: %s', async (format) => {
    await withBroker([], async (stopping) => {
      const bodies = makeBacklog(300);
      await publishAll(stopping.target, '/stop', bodies);
      const connection = await RawConnection.open(stopping.target);
      connection.write(composeRequest({ path: `/stop?since=0&poll=1&format=${format}` }));
      const response = connection.expect();
      await connection.waitFor(() => (countBytes(response) > 1_000_000 ? true : undefined), '1 MB', response);
      connection.pause();
      stopping.sendSignal('SIGTERM');
      expect(await stopping.waitForExit(10_000)).toStrictEqual({ code: 0, signal: null });
      connection.resume();
      expect(await connection.waitFor(() => response.end, 'the end', response)).toBe('cut');
    });
  });
});

describe('P16 beside streams', () => {
  it('ends where a stream at the same place goes on', async () => {
    await publishAll(broker.target, '/beside', numbered(5));
    const stream = await StreamReader.open(broker.target, '/beside?since=0');
    const { events, cursor } = await poll(broker.target, '/beside?since=0');
    expect(await stream.waitForEvents(5)).toStrictEqual(events);
    await publish(broker.target, '/beside', '{"n":5}');
    expect((await poll(broker.target, '/beside', after(cursor))).events).toStrictEqual(['{"n":5}']);
    expect(await stream.waitForEvents(6)).toStrictEqual([...events, '{"n":5}']);
    stream.close();
  });
});

describe('P16 a poll that is cut before its first event', () => {
  // Long enough that it is still looking when the broker goes.
  const common = Array.from({ length: 400 }, () =>
    Array.from({ length: 100 }, () => `{"commit":{"project":"a","ref":"${'x'.repeat(900)}"}}`).join('\n'),
  );

  it('has no head that would pass for an empty answer', async () => {
    await withBroker([], async (broker) => {
      const { target } = broker;
      const headers = [['Content-Type', 'application/x-ndjson']] as const;
      for (const body of common) await request(target, { method: 'POST', path: '/a', body, headers });
      const connection = await RawConnection.open(target);
      connection.write(composeRequest({ path: '/a?poll=1&since=0&project=rare' }));
      await broker.kill();
      await expect(connection.readResponse()).rejects.toThrow('closed without an answer');
    });
  });
});

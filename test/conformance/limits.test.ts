// Limits over the wire: 429 with a Retry-After beyond them, and nothing for trusted peers. Other loopback addresses stand for strangers.

import { describe, expect, it } from 'vitest';
import { createToken, hashToken } from '../../src/access/token.ts';
import { accessFileFlags } from '../support/access-file.ts';
import type { BrokerProcess } from '../support/broker-process.ts';
import { pollUntil } from '../support/deadline.ts';
import { poll } from '../support/poll.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish, publishSideBySide } from '../support/publisher.ts';
import { composeRequest, RawConnection, request, type RawResponse } from '../support/raw-http.ts';
import { bearer, principalWith, withReloadableBroker } from '../support/reloadable-broker.ts';
import { StreamReader, type StreamOptions } from '../support/stream-reader.ts';
import { withBroker } from '../support/with-broker.ts';

const STRANGER = { localAddress: '127.0.0.5' };
const LIVE = composeRequest({ path: '/a' });
const TWO_STREAMS = ['--max-peer-streams', '2', '--keep-alive-seconds', '0.2'];

/** The answer to one more stream, which is gone at once if it is let in. */
async function ask({ target }: BrokerProcess, options: StreamOptions): Promise<RawResponse> {
  const connection = await RawConnection.open(target, options.localAddress);
  try {
    connection.write(composeRequest({ path: '/a', headers: options.headers ?? [] }));
    const response = connection.expect();
    await connection.waitFor(() => (response.hasHead ? true : undefined), 'an answer', response);
    if (response.statusCode !== 200) await connection.waitFor(() => response.end, 'its end', response);
    return response;
  } finally {
    connection.close();
  }
}

/** Opens so many streams. */
async function openAll(
  broker: BrokerProcess,
  options: StreamOptions,
  count: number,
): Promise<StreamReader[]> {
  const streams: StreamReader[] = [];
  for (let i = 0; i < count; i++) streams.push(await StreamReader.open(broker.target, '/a', options));
  return streams;
}

/** Opens a stream once there is room for it. */
function openWhenRoom(broker: BrokerProcess, options: StreamOptions): Promise<StreamReader> {
  const open = (): Promise<StreamReader | undefined> =>
    StreamReader.open(broker.target, '/a', options).catch((error: unknown) => {
      if (String(error).includes('429')) return undefined;
      throw error;
    });
  return pollUntil(open, 'there is room for a stream');
}

function expectTooMany(response: RawResponse): { detail: string; retryAfterSeconds: number } {
  const { type, detail } = expectProblem(response, 429);
  expect(type).toBe('urn:gitpubsub:problem:too-many-requests');
  expect(response.header('retry-after')).toMatch(/^[1-9]\d*$/);
  return { detail, retryAfterSeconds: Number(response.header('retry-after')) };
}

function from(client: string): StreamOptions {
  return { headers: [['X-Forwarded-For', client]] };
}

function by(token: string): StreamOptions {
  return { headers: [bearer(token)] };
}

/** The flags of a broker to which the stranger may publish so much. */
function limited(limits: unknown): string[] {
  return accessFileFlags({ peers: [{ addresses: [STRANGER.localAddress], publish: ['/'], limits }] });
}

function post({ target }: BrokerProcess, body: string): Promise<RawResponse> {
  return request(target, { method: 'POST', path: '/a', body, ...STRANGER });
}

describe('streams of an address', () => {
  it('are refused beyond the limit, for this address alone, and never for trusted peers', async () => {
    await withBroker(TWO_STREAMS, async (broker) => {
      await openAll(broker, STRANGER, 2);
      expect(expectTooMany(await ask(broker, STRANGER)).detail).toMatch(/address 127\.0\.0\.5 has 2 streams/);
      await openAll(broker, { localAddress: '127.0.0.6' }, 2);
      await openAll(broker, {}, 10);
    });
  });

  it.each([
    ['closes', (connection: RawConnection) => connection.close()],
    ['resets', (connection: RawConnection) => connection.reset()],
    ['asks for more on the same connection', (connection: RawConnection) => connection.write(LIVE)],
  ])('make room when their client %s', async (_how, leave) => {
    await withBroker(TWO_STREAMS, async (broker) => {
      await openAll(broker, STRANGER, 1);
      const connection = await RawConnection.open(broker.target, STRANGER.localAddress);
      connection.write(LIVE);
      const response = connection.expect();
      await connection.waitFor(() => response.chunks[0], 'a keep-alive', response);
      expectTooMany(await ask(broker, STRANGER));
      leave(connection);
      await openWhenRoom(broker, STRANGER);
      connection.close();
    });
  });

  it('take no room when their client leaves before they have begun', async () => {
    await withBroker(TWO_STREAMS, async (broker) => {
      // So many that looking for none of them takes several turns.
      const body = '1\n'.repeat(10_000);
      const headers = [['Content-Type', 'application/x-ndjson']] as const;
      await request(broker.target, { method: 'POST', path: '/a', headers, body });
      for (let i = 0; i < 10; i++) {
        const connection = await RawConnection.open(broker.target, STRANGER.localAddress);
        connection.write(composeRequest({ path: '/a?last=5&author=nobody' }));
        connection.halfClose();
        await connection.waitForClose();
      }
      for (let i = 0; i < 2; i++) await openWhenRoom(broker, STRANGER);
    });
  });

  it('count a poll until it has ended, and no request that is refused', async () => {
    await withBroker(TWO_STREAMS, async (broker) => {
      await publish(broker.target, '/a', '1');
      await openAll(broker, STRANGER, 1);
      for (let i = 0; i < 10; i++) {
        const response = await request(broker.target, { path: '/a?poll=1&since=0', ...STRANGER });
        expect([response.statusCode, response.text]).toEqual([200, '1\r\n']);
        expectProblem(await request(broker.target, { path: '/a?cursor=x', ...STRANGER }), 400);
        expect((await request(broker.target, { method: 'HEAD', path: '/a', ...STRANGER })).statusCode).toBe(
          200,
        );
      }
      await openAll(broker, STRANGER, 1);
      expectTooMany(await request(broker.target, { path: '/a?poll=1', ...STRANGER }));
      expect((await poll(broker.target, '/a?since=0')).events).toEqual(['1']);
    });
  });

  it('are those of the real client behind a trusted proxy; clients that are unknown share them', async () => {
    await withBroker([...TWO_STREAMS, '--trusted-proxies', '127.0.0.1'], async (broker) => {
      await openAll(broker, from('192.0.2.1'), 2);
      expectTooMany(await ask(broker, from('192.0.2.1')));
      await openAll(broker, from('2001:db8::1'), 2);
      expect(expectTooMany(await ask(broker, from('2001:db8::ffff:2'))).detail).toMatch(
        /network 2001:db8::\/64/,
      );
      await openAll(broker, from('2001:db8:0:1::1'), 2);
      await openAll(broker, from('nonsense'), 2);
      expectTooMany(await ask(broker, from('other nonsense')));
      await openAll(broker, from('127.0.0.1'), 3);
    });
  });

  it('of a principal count together, wherever it comes from', async () => {
    const tokens = [createToken(), createToken()] as const;
    const ci = { tokens: tokens.map((token) => ({ sha256: hashToken(token) })), limits: { streams: 1 } };
    await withBroker([...TWO_STREAMS, ...accessFileFlags({ principals: { ci } })], async (broker) => {
      const stream = await StreamReader.open(broker.target, '/a', by(tokens[0]));
      const another = await ask(broker, { ...by(tokens[1]), ...STRANGER });
      expect(expectTooMany(another).detail).toMatch(/principal ci has 1 streams/);
      await openAll(broker, STRANGER, 2);
      stream.close();
      await openWhenRoom(broker, by(tokens[1]));
    });
  });

  it('keep to a limit that comes with a reload, and those that are open stay', async () => {
    const token = createToken();
    const withLimits = (limits?: object): object => ({
      principals: { ci: principalWith(token, { limits }) },
    });
    await withReloadableBroker({ access: withLimits() }, async (broker) => {
      const [one, other] = await openAll(broker.process, by(token), 2);
      await broker.reload({ access: withLimits({ streams: 2 }) });
      expectTooMany(await ask(broker.process, by(token)));
      await publish(broker.process.target, '/a', '1');
      expect(await Promise.all([one?.nextEvent(), other?.nextEvent()])).toEqual(['1', '1']);
      one?.close();
      await openWhenRoom(broker.process, by(token));
    });
  });

  it('make room when the broker cuts one whose client does not read', async () => {
    const flags = ['--max-peer-streams', '1', '--keep-alive-seconds', '0.2', '--stall-seconds', '1'];
    await withBroker(flags, async (broker) => {
      const connection = await RawConnection.open(broker.target, STRANGER.localAddress);
      connection.write(LIVE);
      const response = connection.expect();
      await connection.waitFor(() => response.chunks[0], 'a keep-alive', response);
      connection.pause();
      expectTooMany(await ask(broker, STRANGER));
      // More than the kernel takes for a client that does not read.
      const large = `"${'x'.repeat(250_000)}"`;
      for (let i = 0; i < 60; i++) await publish(broker.target, '/a', large);
      await openWhenRoom(broker, STRANGER);
      connection.close();
    });
  });
});

describe('publishing', () => {
  it('too often is refused with the time until it is taken again; trusted peers are not counted', async () => {
    const flags = limited({ publishesPerSecond: 0.01, burstSeconds: 200 });
    await withBroker(flags, async (broker) => {
      for (const body of ['1', '2']) expect((await post(broker, body)).statusCode).toBe(200);
      const { retryAfterSeconds } = expectTooMany(await post(broker, '3'));
      expect(retryAfterSeconds).toBeGreaterThan(50);
      expect(retryAfterSeconds).toBeLessThanOrEqual(100);
      await publishSideBySide(
        broker.target,
        '/b',
        Array.from({ length: 200 }, (_, i) => String(i)),
      );
      expect((await poll(broker.target, '/a?since=0')).events).toEqual(['1', '2']);
    });
  });

  it('too often or too much is refused without waiting for the body', async () => {
    const flags = limited({ publishesPerSecond: 0.01, bytesPerSecond: 1, burstSeconds: 200 });
    await withBroker(flags, async (broker) => {
      const announce = async (bytes: number): Promise<RawResponse> => {
        const connection = await RawConnection.open(broker.target, STRANGER.localAddress);
        connection.write(`POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes}\r\n\r\n`);
        const response = await connection.readResponse('POST');
        await connection.waitForClose();
        return response;
      };
      expect((await post(broker, '"150 bytes"'.padEnd(150))).statusCode).toBe(200);
      expect(expectTooMany(await announce(100)).detail).toMatch(/1 bytes a second/);
      expect((await post(broker, '"50 bytes"'.padEnd(50))).statusCode).toBe(200);
      expect(expectTooMany(await announce(1)).detail).toMatch(/0\.01 times a second/);
    });
  });

  it('too much in chunks is refused once its size is known, and what fits is stored', async () => {
    await withBroker(limited({ bytesPerSecond: 1, burstSeconds: 200 }), async (broker) => {
      const send = async (body: string): Promise<RawResponse> => {
        const connection = await RawConnection.open(broker.target, STRANGER.localAddress);
        const chunks = [body.slice(0, 10), body.slice(10)].map(
          (part) => `${part.length.toString(16)}\r\n${part}\r\n`,
        );
        connection.write(
          `POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.join('')}0\r\n\r\n`,
        );
        const response = await connection.readResponse('POST');
        connection.close();
        return response;
      };
      expect((await send('"first"'.padEnd(150))).statusCode).toBe(200);
      expect(expectTooMany(await send('"second"'.padEnd(150))).detail).toMatch(/1 bytes a second/);
      expect((await send('"third"'.padEnd(40))).statusCode).toBe(200);
      expect((await poll(broker.target, '/a?since=0')).events).toEqual(['"first"', '"third"']);
    });
  });

  it('by who may not is 403 and not counted', async () => {
    const access = {
      peers: [
        {
          addresses: ['127.0.0.5'],
          publish: ['/a'],
          limits: { publishesPerSecond: 0.001, burstSeconds: 1_000 },
        },
      ],
    };
    await withBroker(accessFileFlags(access), async (broker) => {
      for (let i = 0; i < 5; i++) {
        const refused = await request(broker.target, { method: 'POST', path: '/b', body: '1', ...STRANGER });
        expectProblem(refused, 403);
      }
      expect((await post(broker, '1')).statusCode).toBe(200);
      expectTooMany(await post(broker, '2'));
    });
  });
});

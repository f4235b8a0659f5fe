// P24–P26: statistics by HEAD, the two health paths, and the form of every refusal.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { pollUntil } from '../support/deadline.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish, publishAll } from '../support/publisher.ts';
import { composeRequest, RawConnection, request, type RawResponse } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';

const strangerAddress = '127.0.0.5';
const statisticNames = [
  'x-uptime',
  'x-connections',
  'x-subscribers',
  'x-total-connections',
  'x-received',
  'x-sent',
] as const;

let broker: BrokerProcess;
let onSocket: BrokerProcess;

beforeAll(async () => {
  [broker, onSocket] = await Promise.all([
    BrokerProcess.start(),
    BrokerProcess.start({ onUnixSocket: true }),
  ]);
});
afterAll(async () => {
  await Promise.all([broker.dispose(), onSocket.dispose()]);
});

async function readHead(path: string = '/', where: BrokerProcess = broker): Promise<RawResponse> {
  return request(where.target, { method: 'HEAD', path });
}

async function readStatistic(name: (typeof statisticNames)[number]): Promise<number> {
  const value = (await readHead()).header(name);
  if (value === undefined || !/^\d+(\.\d+)?$/.test(value)) throw new Error(`${name}: ${String(value)}`);
  return Number(value);
}

function expectNoStatistics(response: RawResponse): void {
  expect(response.statusCode).toBe(200);
  const shown = statisticNames.filter((name) => response.header(name) !== undefined);
  expect(shown).toStrictEqual([]);
}

describe('P24 statistics', () => {
  it.each(['/', '/some/topic', '/*', '/-/livez'])(
    'answers HEAD of %s with 200 and the server',
    async (path) => {
      const response = await readHead(path);
      expect(response.statusCode).toBe(200);
      expect(response.header('server')).toMatch(/^GitPubSub\/\d+\.\d+\.\d+/);
    },
  );

  it.each(statisticNames)('shows a trusted peer a number in %s', async (name) => {
    expect(await readStatistic(name)).toBeGreaterThanOrEqual(0);
  });

  it('counts open sockets in X-Connections, the asking one among them', async () => {
    const base = await readStatistic('x-connections');
    expect(base).toBeGreaterThanOrEqual(1);
    const connections = await Promise.all([1, 2, 3].map(async () => RawConnection.open(broker.target)));
    await pollUntil(
      async () => ((await readStatistic('x-connections')) === base + 3 ? true : undefined),
      'three more',
    );
    for (const connection of connections) connection.close();
    await pollUntil(
      async () => ((await readStatistic('x-connections')) === base ? true : undefined),
      'three fewer',
    );
  });

  it('counts open streams in X-Subscribers, and neither publishers nor HEAD', async () => {
    const base = await readStatistic('x-subscribers');
    const streams = await Promise.all(
      [1, 2, 3].map(async () => StreamReader.open(broker.target, '/counted')),
    );
    const publisher = await RawConnection.open(broker.target);
    expect(await readStatistic('x-subscribers')).toBe(base + 3);
    publisher.close();
    for (const stream of streams) stream.close();
    await pollUntil(
      async () => ((await readStatistic('x-subscribers')) === base ? true : undefined),
      'three fewer',
    );
  });

  it('counts every connection since the start in X-Total-Connections', async () => {
    const base = await readStatistic('x-total-connections');
    for (let count = 0; count < 5; count += 1) await publish(broker.target, '/total', '1');
    // The one that asks now is the sixth.
    expect(await readStatistic('x-total-connections')).toBe(base + 6);
  });

  it('counts payload bytes in X-Received and X-Sent, once for each subscriber', async () => {
    const streams = await Promise.all([1, 2].map(async () => StreamReader.open(broker.target, '/bytes')));
    const received = await readStatistic('x-received');
    const sent = await readStatistic('x-sent');
    const body = `"${'x'.repeat(9_998)}"`;
    await publishAll(broker.target, '/bytes', [body, body, body]);
    for (const stream of streams) await stream.waitForEvents(3);
    expect((await readStatistic('x-received')) - received).toBe(30_000);
    const sentBytes = (await readStatistic('x-sent')) - sent;
    expect(sentBytes).toBeGreaterThanOrEqual(60_000);
    expect(sentBytes).toBeLessThan(61_000);
    for (const stream of streams) stream.close();
  });

  it('lets X-Uptime grow', async () => {
    const first = await readStatistic('x-uptime');
    await pollUntil(
      async () => ((await readStatistic('x-uptime')) > first ? true : undefined),
      'the uptime grows',
    );
  });

  it('starts again with the broker', async () => {
    await publishAll(onSocket.target, '/again', ['1', '2', '3']);
    await onSocket.restart();
    const response = await readHead('/', onSocket);
    expect(response.header('x-received')).toBe('0');
    expect(response.header('x-total-connections')).toBe('1');
  });

  it('shows them over a Unix socket', async () => {
    const response = await readHead('/', onSocket);
    for (const name of statisticNames) expect(response.header(name)).toMatch(/^\d+(\.\d+)?$/);
  });

  it('shows them to no stranger', async () => {
    const response = await request(broker.target, { method: 'HEAD', localAddress: strangerAddress });
    expectNoStatistics(response);
    expect(response.header('server')).toMatch(/^GitPubSub\//);
  });

  it.each([
    ['X-Forwarded-For', '127.0.0.1'],
    ['Forwarded', 'for=127.0.0.1'],
    ['X-Real-IP', '127.0.0.1'],
    ['Via', '1.1 proxy'],
    ['Origin', 'http://evil.example'],
  ])('shows them to nobody who might come through a local proxy or a page: %s', async (name, value) => {
    expectNoStatistics(await request(broker.target, { method: 'HEAD', headers: [[name, value]] }));
  });

  it('sends no body, so that the connection goes on', async () => {
    const connection = await RawConnection.open(broker.target);
    for (let count = 0; count < 3; count += 1) {
      connection.write(composeRequest({ method: 'HEAD', path: '/any' }));
      expect((await connection.readResponse('HEAD')).statusCode).toBe(200);
    }
    connection.write(composeRequest({ path: '/-/livez' }));
    expect((await connection.readResponse('GET')).statusCode).toBe(200);
    connection.close();
  });
});

describe('P25 health', () => {
  it.each(['/-/livez', '/-/readyz'])('answers 200 to GET %s, to anybody', async (path) => {
    expect((await request(broker.target, { path })).statusCode).toBe(200);
    expect((await request(broker.target, { path, localAddress: strangerAddress })).statusCode).toBe(200);
  });

  it('never says ready to a connection that is left once the broker drains', async () => {
    const draining = await BrokerProcess.start();
    try {
      const left = await RawConnection.open(draining.target);
      left.write(composeRequest({ path: '/-/readyz' }));
      expect((await left.readResponse()).statusCode).toBe(200);
      // Why: a publish that was begun keeps the broker from ending before the question is asked.
      const begun = await RawConnection.open(draining.target);
      begun.write(composeRequest({ method: 'POST', path: '/a', headers: [['Content-Length', '10']] }));
      await request(draining.target, { path: '/-/livez' });
      draining.sendSignal('SIGTERM');
      await pollUntil(async () => {
        const probe = await RawConnection.open(draining.target).catch(() => undefined);
        probe?.close();
        return probe === undefined ? true : undefined;
      }, 'new connections are refused');
      left.write(composeRequest({ path: '/-/readyz' }));
      const answer = await left.readResponse().catch(() => undefined);
      // Why: the broker may have closed a connection that had nothing to answer.
      if (answer !== undefined) expect(answer.statusCode).toBe(503);
      begun.close();
    } finally {
      await draining.dispose();
    }
  });
});

describe('P26 refusals', () => {
  it('have one type for each kind of mistake, whatever the details', async () => {
    const [first, second, third] = await Promise.all([
      request(broker.target, { method: 'POST', path: '/a', body: '{"a":' }),
      request(broker.target, { method: 'PUT', path: '/b', body: 'nonsense' }),
      request(broker.target, { path: '/b?cursor=nonsense' }),
    ]);
    const types = [first, second, third].map((response) => expectProblem(response, 400).type);
    expect(types[0]).toBe(types[1]);
    expect(types[2]).not.toBe(types[0]);
  });

  it('say what was wrong', async () => {
    const unknownKey = expectProblem(await request(broker.target, { path: '/a?wrongkey=1' }), 400);
    expect(unknownKey.detail).toContain('wrongkey');
    const badSince = expectProblem(await request(broker.target, { path: '/a?since=yesterday' }), 400);
    expect(badSince.detail).toContain('yesterday');
    const tooLarge = expectProblem(
      await request(broker.target, { method: 'POST', path: '/a', body: `"${'x'.repeat(300_000)}"` }),
      413,
    );
    expect(tooLarge.detail.replaceAll(/[,_ ]/g, '')).toContain('262144');
  });

  it.each([
    ['400', { method: 'POST', path: '/a/../b' }],
    ['404', { method: 'POST', path: '/-/nothing-here' }],
    ['405', { method: 'DELETE', path: '/a' }],
    ['405', { method: 'PATCH', path: '/-/livez' }],
    ['403', { method: 'POST', path: '/a', localAddress: strangerAddress }],
  ] as const)(
    'that leave before the body was read close the connection: %s, %o',
    async (statusCode, options) => {
      const { method, path } = options;
      const connection = await RawConnection.open(
        broker.target,
        'localAddress' in options ? options.localAddress : undefined,
      );
      connection.write(composeRequest({ method, path, headers: [['Content-Length', '100000']] }));
      expectProblem(await connection.readResponse(method), Number(statusCode));
      await connection.waitForClose();
    },
  );

  it('have no body on HEAD', async () => {
    const connection = await RawConnection.open(broker.target);
    connection.write(composeRequest({ method: 'HEAD', path: '/-/nothing-here' }));
    expect((await connection.readResponse('HEAD')).statusCode).toBe(404);
    connection.write(composeRequest({ method: 'HEAD', path: '/' }));
    expect((await connection.readResponse('HEAD')).statusCode).toBe(200);
    connection.close();
  });

  it('of a body that was read leave the connection in order', async () => {
    const stream = await StreamReader.open(broker.target, '/order');
    const connection = await RawConnection.open(broker.target);
    connection.write(composeRequest({ method: 'POST', path: '/order', body: '{"a":' }));
    expectProblem(await connection.readResponse('POST'), 400);
    connection.write(composeRequest({ method: 'POST', path: '/order', body: '"after"' }));
    expect((await connection.readResponse('POST')).statusCode).toBe(200);
    expect(await stream.nextEvent()).toBe('"after"');
    connection.close();
    stream.close();
  });
});

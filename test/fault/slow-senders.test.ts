// Clients that send a request so slowly that it never comes to its end, or don't send one at all.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Bystanders, besideOthers } from '../support/bystanders.ts';
import { BrokerProcess } from '../support/broker-process.ts';
import { composeRequest, RawConnection } from '../support/raw-http.ts';

const SENDERS = 50;
/** The library closes after about 10 seconds; a busy machine may be late. */
const CLOSE_DEADLINE_MS = 40_000;

let broker: BrokerProcess;

beforeAll(async () => {
  broker = await BrokerProcess.start();
});
afterAll(async () => {
  await broker.dispose();
});

/** Opens connections, sends each the same bytes, and then a further byte of `rest` now and again until they are closed. */
async function sendSlowly(begin: string, rest: string, bystanders: Bystanders): Promise<RawConnection[]> {
  const connections = await Promise.all(
    Array.from({ length: SENDERS }, async () => RawConnection.open(broker.target)),
  );
  for (const connection of connections) connection.write(begin);
  let sentCount = 0;
  const timer = setInterval(() => {
    for (const connection of connections) connection.write(rest[sentCount] ?? '');
    sentCount += 1;
  }, 1_000);
  try {
    await bystanders.beServed();
    await Promise.all(connections.map(async (connection) => connection.waitForClose(CLOSE_DEADLINE_MS)));
    await bystanders.beServed();
  } finally {
    clearInterval(timer);
    for (const connection of connections) connection.close();
  }
  return connections;
}

describe.concurrent('clients that send', () => {
  test.each([
    ['nothing at all', '', ''],
    ['a head that stops', 'POST /slow HTTP/1.1\r\nHost: localhost\r\nX-', ''],
    ['a head by the byte', 'POST /slow HTTP/1.1\r\nHost: localhost\r\n', `X: ${'x'.repeat(100)}`],
    ['a body that stops', 'POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n"abc', ''],
    [
      'a body by the byte',
      'POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n"',
      'x'.repeat(97),
    ],
    [
      'chunks by the byte',
      'POST /slow HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n',
      '1\r\n"\r\n'.repeat(20),
    ],
    [
      'a head after an answered request',
      'GET /-/livez HTTP/1.1\r\nHost: localhost\r\n\r\nGET /',
      'x'.repeat(100),
    ],
  ])(
    '%s: they are closed, and everybody else is served',
    async (_what, begin, rest) => {
      await besideOthers(broker.target, async (bystanders) => {
        await sendSlowly(begin, rest, bystanders);
      });
    },
    90_000,
  );

  test('in pieces, for comparison, but in time: they are answered', async () => {
    await besideOthers(broker.target, async (bystanders) => {
      const request = composeRequest({ method: 'POST', path: '/slow', body: '{"n":1}' });
      const connection = await RawConnection.open(broker.target);
      // Why these cuts: the library refuses a request line that is cut inside its "HTTP/1.1".
      const bodyStart = request.length - 7;
      for (const [start, end] of [
        [0, bodyStart - 6],
        [bodyStart - 6, bodyStart + 2],
        [bodyStart + 2, request.length],
      ]) {
        await connection.writeAll(request.subarray(start, end));
        await bystanders.beServed();
      }
      expect((await connection.readResponse('POST')).statusCode).toBe(200);
      connection.close();
    });
  }, 30_000);
});

// Pages of other sites in the browser of somebody who may publish. A browser says in `Origin` which page a POST comes from.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { besideOthers } from '../support/bystanders.ts';
import { BrokerProcess } from '../support/broker-process.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish } from '../support/publisher.ts';
import {
  composeRequest,
  RawConnection,
  request,
  type RawResponse,
  type Target,
} from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';

type Headers = readonly (readonly [string, string])[];

const listedOrigin = 'https://dashboard.example';

let broker: BrokerProcess;

beforeAll(async () => {
  broker = await BrokerProcess.start({ flags: ['--cors-origins', listedOrigin] });
});
afterAll(async () => {
  await broker.dispose();
});

/** As a browser sends it: with the host that stands in the page's address. */
async function postAs(host: string, headers: Headers): Promise<RawResponse> {
  const connection = await RawConnection.open(broker.target);
  try {
    const text = composeRequest({ method: 'POST', path: '/page', headers, body: '"of a page"' }).toString();
    connection.write(text.replace('Host: localhost', `Host: ${host}`));
    return await connection.readResponse('POST');
  } finally {
    connection.close();
  }
}

function addressOf(target: Target): string {
  return 'port' in target ? `${target.host}:${String(target.port)}` : 'localhost';
}

/** What subscribers of the topic get while `act` runs. */
async function eventsDuring(act: () => Promise<void>): Promise<readonly string[]> {
  const stream = await StreamReader.open(broker.target, '/page');
  try {
    await act();
    await publish(broker.target, '/page', '"end"');
    return await stream.readUntil('"end"');
  } finally {
    stream.close();
  }
}

describe('a page of another site', () => {
  test.each([
    ['by a form', [['Content-Type', 'application/x-www-form-urlencoded']]],
    ['by a form of text', [['Content-Type', 'text/plain']]],
    ['by a form with parts', [['Content-Type', 'multipart/form-data; boundary=x']]],
    ['by fetch without CORS', [['Sec-Fetch-Mode', 'no-cors']]],
    ['by a beacon', [['Content-Type', 'text/plain;charset=UTF-8']]],
    ['by fetch with JSON, had it been allowed to', [['Content-Type', 'application/json']]],
    ['with the listed origin in another header', [['Referer', `${listedOrigin}/`]]],
  ] as const)('can not publish %s', async (_how, headers) => {
    const events = await eventsDuring(async () => {
      await besideOthers(broker.target, async () => {
        for (const origin of ['http://evil.example', 'null', `${listedOrigin}.evil.example`]) {
          const response = await postAs(addressOf(broker.target), [['Origin', origin], ...headers]);
          expectProblem(response, 403);
          expect(response.header('access-control-allow-origin')).toBeUndefined();
        }
      });
    });
    expect(events).toStrictEqual([]);
  });

  test('may publish, for comparison, if its origin is listed', async () => {
    const events = await eventsDuring(async () => {
      const response = await postAs(addressOf(broker.target), [['Origin', listedOrigin]]);
      expect(response.statusCode).toBe(200);
      expect(response.header('access-control-allow-origin')).toBe(listedOrigin);
    });
    expect(events).toStrictEqual(['"of a page"']);
  });

  test('is told by no preflight that it may', async () => {
    const headers: Headers = [
      ['Origin', 'http://evil.example'],
      ['Access-Control-Request-Method', 'POST'],
      ['Access-Control-Request-Headers', 'idempotency-key'],
    ];
    const response = await request(broker.target, { method: 'OPTIONS', path: '/page', headers });
    expect(response.header('access-control-allow-origin')).toBeUndefined();
  });

  test('sees no statistics, and can not read a stream', async () => {
    const headers: Headers = [['Origin', 'http://evil.example']];
    const head = await request(broker.target, { method: 'HEAD', headers });
    expect(head.header('x-subscribers')).toBeUndefined();
    const stream = await StreamReader.open(broker.target, '/page', { headers });
    expect(stream.response.header('access-control-allow-origin')).toBeUndefined();
    stream.close();
  });
});

describe('a page whose name was made to point to this machine', () => {
  const rebound = 'evil.example:2069';

  test('can not publish, since its browser sends its origin with every POST', async () => {
    const events = await eventsDuring(async () => {
      await besideOthers(broker.target, async () => {
        expectProblem(await postAs(rebound, [['Origin', `http://${rebound}`]]), 403);
      });
    });
    expect(events).toStrictEqual([]);
  });

  test('is not told from a program, for comparison, that uses such a name and sends no origin', async () => {
    expect((await postAs(rebound, [])).statusCode).toBe(200);
  });
});

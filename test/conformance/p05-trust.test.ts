// P5: who may publish. Other loopback addresses stand for strangers: the broker listens on 127.0.0.1 and sees where a peer comes from.

import { stat } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish } from '../support/publisher.ts';
import { composeRequest, RawConnection, request, type RawResponse } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';

type Headers = readonly (readonly [string, string])[];

const strangerAddress = '127.0.0.5';
const proxyAddress = '127.0.7.7';
const hasIpv6Loopback = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

let broker: BrokerProcess;
let listed: BrokerProcess;
let onSocket: BrokerProcess;

beforeAll(async () => {
  [broker, listed, onSocket] = await Promise.all([
    BrokerProcess.start(),
    BrokerProcess.start({
      flags: [
        '--trusted-peers',
        '127.0.0.*,127.0.3.3,127.0.4.0/24,10.1.2.3,192.168.0.0/16,2001:db8::/32',
        '--trusted-proxies',
        `${proxyAddress},127.0.8.0/24`,
        '--cors-origins',
        'https://dashboard.example,http://localhost:8080',
      ],
    }),
    BrokerProcess.start({ onUnixSocket: true }),
  ]);
});
afterAll(async () => {
  await Promise.all([broker, listed, onSocket].map(async (each) => each.dispose()));
});

async function publishFrom(
  where: BrokerProcess,
  localAddress: string | undefined,
  headers: Headers = [],
  path: string = '/trust',
): Promise<RawResponse> {
  const from = localAddress === undefined ? {} : { localAddress };
  return request(where.target, { method: 'POST', path, headers, body: '"from a peer"', ...from });
}

describe('P5 peers', () => {
  it('lets 127.0.0.1 publish by default', async () => {
    expect((await publishFrom(broker, '127.0.0.1')).statusCode).toBe(200);
  });

  it.runIf(hasIpv6Loopback)('lets ::1 publish by default', async () => {
    const onIpv6 = await BrokerProcess.start({ flags: ['--host', '::1'] });
    try {
      expect((await publishFrom(onIpv6, undefined)).statusCode).toBe(200);
    } finally {
      await onIpv6.dispose();
    }
  });

  it.each(['POST', 'PUT'])(
    'refuses %s from any other address with 403 and stores nothing',
    async (method) => {
      const stream = await StreamReader.open(broker.target, '/refused');
      const refused = await request(broker.target, {
        method,
        path: '/refused',
        body: '"refused"',
        localAddress: strangerAddress,
      });
      expectProblem(refused, 403);
      await publish(broker.target, '/refused', '"taken"');
      expect(await stream.nextEvent()).toBe('"taken"');
      stream.close();
    },
  );

  it('lets anybody subscribe', async () => {
    const stream = await StreamReader.open(broker.target, '/open', { localAddress: strangerAddress });
    await publish(broker.target, '/open', '1');
    expect(await stream.nextEvent()).toBe('1');
    stream.close();
  });

  it.each([
    ['with a length', [['Content-Length', '100000']]],
    ['chunked', [['Transfer-Encoding', 'chunked']]],
  ] as const)('refuses a stranger without waiting for the body, %s', async (_how, headers) => {
    const connection = await RawConnection.open(broker.target, strangerAddress);
    connection.write(composeRequest({ method: 'POST', path: '/trust', headers }));
    expectProblem(await connection.readResponse('POST'), 403);
    await connection.waitForClose();
  });

  it('refuses a stranger before it looks at the body', async () => {
    const response = await request(broker.target, {
      method: 'POST',
      path: '/trust',
      body: '{not json',
      localAddress: strangerAddress,
    });
    expectProblem(response, 403);
  });

  it.each([
    ['127.0.0.* covers 127.0.0.99', '127.0.0.99', 200],
    ['127.0.0.* does not cover 127.0.1.99', '127.0.1.99', 403],
    ['a single address is trusted', '127.0.3.3', 200],
    ['an address that only begins like a trusted one is not', '127.0.3.33', 403],
    ['the first address of a range is trusted', '127.0.4.0', 200],
    ['the last address of a range is trusted', '127.0.4.255', 200],
    ['the address after a range is not', '127.0.5.0', 403],
  ])('knows single addresses, ranges and the old star form: %s', async (_what, localAddress, statusCode) => {
    expect((await publishFrom(listed, localAddress)).statusCode).toBe(statusCode);
  });
});

describe('P5 headers that name another client', () => {
  const proxyHeaders: Headers = [
    ['Forwarded', 'for=127.0.0.1'],
    ['X-Forwarded-For', '127.0.0.1'],
    ['X-Real-IP', '127.0.0.1'],
    ['Via', '1.1 proxy'],
  ];

  it.each(proxyHeaders)(
    'refuse a trusted peer that is no trusted proxy and sends %s',
    async (name, value) => {
      expectProblem(await publishFrom(broker, '127.0.0.1', [[name, value]]), 403);
      expectProblem(await publishFrom(listed, '127.0.0.2', [[name.toLowerCase(), value]]), 403);
    },
  );

  it.each(proxyHeaders)('make no stranger trusted: %s', async (name, value) => {
    expectProblem(await publishFrom(broker, strangerAddress, [[name, value]]), 403);
  });

  it('refuse such a peer without waiting for its body', async () => {
    const connection = await RawConnection.open(broker.target);
    const headers = [
      ['X-Forwarded-For', '203.0.113.9'],
      ['Content-Length', '100000'],
    ] as const;
    connection.write(composeRequest({ method: 'POST', path: '/trust', headers }));
    expectProblem(await connection.readResponse('POST'), 403);
    await connection.waitForClose();
  });

  it('do not keep such a peer from subscribing', async () => {
    const stream = await StreamReader.open(broker.target, '/proxied', { headers: proxyHeaders });
    await publish(broker.target, '/proxied', '1');
    expect(await stream.nextEvent()).toBe('1');
    stream.close();
  });

  it.each([
    ['a trusted client', '10.1.2.3', 200],
    ['an untrusted client', '10.1.2.4', 403],
    ['a client in a trusted range', '192.168.77.1', 200],
    ['a trusted IPv6 client', '2001:db8::17', 200],
    ['an untrusted IPv6 client', '2001:db9::17', 403],
    ['an IPv4-mapped trusted client', '::ffff:10.1.2.3', 200],
    ['an IPv4-mapped untrusted client', '::ffff:10.1.2.4', 403],
    ['a stranger behind what a client claims', '10.1.2.3, 203.0.113.9', 403],
    ['a trusted client in front of what it claims', '203.0.113.9, 10.1.2.3', 200],
    ['a trusted client through two trusted proxies', '10.1.2.3, 127.0.8.1', 200],
    ['a stranger through two trusted proxies', '10.1.2.3, 203.0.113.9, 127.0.8.1', 403],
    ['no blank after the comma', '10.1.2.3,203.0.113.9', 403],
    ['what is no address', '10.1.2.3, unknown', 403],
    ['nothing but what is no address', 'trust-me', 403],
  ])('are believed from a trusted proxy: %s', async (_what, forwardedFor, statusCode) => {
    const response = await publishFrom(listed, proxyAddress, [['X-Forwarded-For', forwardedFor]]);
    expect(response.statusCode).toBe(statusCode);
  });

  it('are read as one list when a trusted proxy sends several', async () => {
    const headers: Headers = [
      ['X-Forwarded-For', '10.1.2.3'],
      ['X-Forwarded-For', '203.0.113.9'],
    ];
    expectProblem(await publishFrom(listed, proxyAddress, headers), 403);
  });

  it('may come with Via from a trusted proxy', async () => {
    const headers: Headers = [
      ['X-Forwarded-For', '10.1.2.3'],
      ['Via', '1.1 proxy'],
    ];
    expect((await publishFrom(listed, proxyAddress, headers)).statusCode).toBe(200);
  });

  it.each([
    ['makes no stranger trusted', strangerAddress, '127.0.0.1'],
    ['shows that a trusted peer is a proxy', '127.0.0.1', '203.0.113.9'],
    ['shows so even if it names a trusted client', '127.0.0.1', '127.0.0.1'],
  ])('include the preface of the PROXY protocol: it %s', async (_what, localAddress, client) => {
    const connection = await RawConnection.open(broker.target, localAddress);
    connection.write(
      Buffer.concat([makePreface(client), composeRequest({ method: 'POST', path: '/trust', body: '1' })]),
    );
    expectProblem(await connection.readResponse('POST'), 403);
    connection.close();
  });
});

/** Version 2, TCP over IPv4. */
function makePreface(client: string): Buffer {
  return Buffer.concat([
    Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'),
    Buffer.from([0x21, 0x11, 0, 12]),
    Buffer.from(client.split('.').map(Number)),
    Buffer.from([127, 0, 0, 1, 0x10, 0, 0x10, 0]),
  ]);
}

describe('P5 origins', () => {
  it.each(['http://evil.example', 'null', 'http://localhost', 'https://127.0.0.1'])(
    'refuses a publish that carries the Origin %s',
    async (origin) => {
      expectProblem(await publishFrom(broker, '127.0.0.1', [['Origin', origin]]), 403);
    },
  );

  it('refuses a publish from a page that the broker itself might have served', async () => {
    const { target } = broker;
    const origin = 'port' in target ? `http://${target.host}:${String(target.port)}` : '';
    expectProblem(await publishFrom(broker, '127.0.0.1', [['Origin', origin]]), 403);
  });

  it.each(['https://dashboard.example', 'http://localhost:8080'])(
    'takes one of corsOrigins: %s',
    async (origin) => {
      expect((await publishFrom(listed, '127.0.0.1', [['Origin', origin]])).statusCode).toBe(200);
    },
  );

  it.each([
    'http://dashboard.example',
    'https://dashboard.example:8443',
    'https://dashboard.example.evil.example',
    'https://sub.dashboard.example',
    'http://localhost',
    'null',
  ])('refuses one that is not of corsOrigins: %s', async (origin) => {
    expectProblem(await publishFrom(listed, '127.0.0.1', [['Origin', origin]]), 403);
  });

  it('trusts no stranger for an Origin of corsOrigins', async () => {
    const headers: Headers = [['Origin', 'https://dashboard.example']];
    expectProblem(await publishFrom(listed, '127.0.9.9', headers), 403);
  });

  it('refuses an Origin without waiting for the body', async () => {
    const connection = await RawConnection.open(broker.target);
    const headers = [
      ['Origin', 'http://evil.example'],
      ['Content-Length', '100000'],
    ] as const;
    connection.write(composeRequest({ method: 'POST', path: '/trust', headers }));
    expectProblem(await connection.readResponse('POST'), 403);
    await connection.waitForClose();
  });
});

describe('P24 statistics through a proxy', () => {
  it.each([
    ['a trusted client', proxyAddress, [['X-Forwarded-For', '10.1.2.3']], true],
    ['an untrusted client', proxyAddress, [['X-Forwarded-For', '203.0.113.9']], false],
    [
      'a client that claims to be another',
      proxyAddress,
      [['X-Forwarded-For', '10.1.2.3, 203.0.113.9']],
      false,
    ],
    ['a trusted peer that is no trusted proxy', '127.0.0.2', [['X-Forwarded-For', '10.1.2.3']], false],
    ['a trusted peer itself', '127.0.0.2', [], true],
  ] as const)('are shown as publishing is allowed: %s', async (_who, localAddress, headers, isShown) => {
    const response = await request(listed.target, { method: 'HEAD', headers, localAddress });
    expect(response.statusCode).toBe(200);
    expect(response.header('x-subscribers') !== undefined).toBe(isShown);
  });
});

describe('P5 a Unix socket', () => {
  it('is open to its owner alone', async () => {
    const status = await stat(onSocket.socketPath);
    expect(status.isSocket()).toBe(true);
    expect((status.mode & 0o777).toString(8)).toBe('600');
  });

  it('takes publishes and delivers them', async () => {
    const stream = await StreamReader.open(onSocket.target, '/socket');
    await publish(onSocket.target, '/socket', '{"by":"socket"}');
    expect(await stream.nextEvent()).toBe('{"by":"socket"}');
    stream.close();
  });
});

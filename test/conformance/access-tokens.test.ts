// Tokens on the wire: what a 401 says, sessions of browsers, keys of principals, and streams that end with their token.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeAccessFile, type SampleAccess } from '../support/sample-access.ts';
import { BrokerProcess } from '../support/broker-process.ts';
import { expectProblem } from '../support/problem-details.ts';
import { request, type RawResponse, type RequestOptions } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';
import { withBroker } from '../support/with-broker.ts';
import { OWN_PAGE } from '../support/own-page.ts';

const SHIFTED_CLOCK = new URL('../support/shifted-clock.mjs', import.meta.url).href;
const OUTSIDE = '127.0.9.9';
const CORNER = '127.0.9.1';

const ACCESS: SampleAccess = {
  private: ['/team'],
  peers: [{ addresses: [CORNER], publish: ['/builds'] }],
  principals: {
    ci: { tokens: [{ token: 'ci' }, { token: 'ci-new' }], publish: ['/builds'] },
    other: { tokens: [{ token: 'other' }], publish: ['/builds'] },
    reader: { tokens: [{ token: 'reader' }], subscribe: ['/team'] },
  },
};

let broker: BrokerProcess;

beforeAll(async () => {
  broker = await BrokerProcess.start(withAccess(ACCESS));
});
afterAll(async () => {
  await broker.dispose();
});

function withAccess(access: SampleAccess): { files: Record<string, string>; flags: string[] } {
  return {
    files: { 'access.json': composeAccessFile(access) },
    flags: ['--access-file', 'access.json', '--keep-alive-seconds', '0.3'],
  };
}

function bearer(token: string): readonly [string, string] {
  return ['Authorization', `Bearer ${token}`];
}

/** A request of somebody who has no rights by the address. */
function send(options: RequestOptions): Promise<RawResponse> {
  return request(broker.target, { localAddress: OUTSIDE, ...options });
}

function challengesOf(response: RawResponse): readonly string[] | undefined {
  return response.head.headers.get('www-authenticate');
}

const CHALLENGES = ['Bearer realm="gitpubsub"', 'Basic realm="gitpubsub", charset="UTF-8"'];

describe('a 401', () => {
  it.each<[string, RequestOptions]>([
    ['a publish without a token', { method: 'POST', path: '/builds', body: '1' }],
    ['a private topic without a token', { path: '/team' }],
    ['metrics without a token', { path: '/-/metrics' }],
    ['a session without a token', { method: 'POST', path: '/-/session' }],
    ['a wrong token', { path: '/builds', headers: [bearer('wrong')] }],
  ])('to %s says what may be sent', async (_what, options) => {
    const response = await send(options);
    expect(expectProblem(response, 401).type).toBe('urn:gitpubsub:problem:unauthorized');
    expect(challengesOf(response)).toEqual(CHALLENGES);
  });

  it('to HEAD says so, too', async () => {
    const response = await send({ method: 'HEAD', path: '/team' });
    expect(response.statusCode).toBe(401);
    expect(challengesOf(response)).toEqual(CHALLENGES);
  });

  it('does not make a browser ask for a password, which it would send along for other pages, too', async () => {
    for (const header of [
      ['Sec-Fetch-Mode', 'cors'] as const,
      ['Sec-Fetch-Mode', 'navigate'] as const,
      ['X-Requested-With', 'fetch'] as const,
      ['Origin', 'null'] as const,
      ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0)'] as const,
    ])
      expect(challengesOf(await send({ path: '/team', headers: [header] }))).toEqual(CHALLENGES.slice(0, 1));
  });

  it('does not wait for the body', async () => {
    const headers = [['Content-Length', '100000'] as const];
    const response = await send({ method: 'POST', path: '/builds', headers });
    expectProblem(response, 401);
    expect(response.header('connection')).toBe('close');
  });

  it('never tells a token', async () => {
    for (const value of [
      'Bearer hush-hush',
      'Token hush-hush',
      `Basic ${Buffer.from('x:hush-hush').toString('base64')}`,
    ]) {
      const response = await send({ path: '/builds', headers: [['Authorization', value]] });
      expectProblem(response, 401);
      expect(response.text).not.toContain('hush');
    }
    expect(broker.stdout).not.toContain('hush');
  });
});

describe('a 403', () => {
  it('is for who is known, and asks for nothing', async () => {
    const response = await send({ path: '/team/x', headers: [bearer('ci')] });
    expect(expectProblem(response, 403).detail).toBe(
      'The principal ci may not read /team/x, which is private.',
    );
    expect(challengesOf(response)).toBeUndefined();
  });

  it('tells a principal what it may publish itself', async () => {
    const response = await send({ method: 'POST', path: '/x', body: '1', headers: [bearer('ci')] });
    expect(expectProblem(response, 403).detail).toBe(
      'The principal ci may not publish to /x; it may publish at and below /builds.',
    );
  });
});

it('without an access file nobody looks at tokens, for a proxy in front may use them', async () => {
  await withBroker([], async ({ target }) => {
    for (const value of ['Bearer nothing', 'Digest x', ''])
      expect(
        (await request(target, { path: '/x?poll=1', headers: [['Authorization', value]] })).statusCode,
      ).toBe(200);
    const cookie = ['Cookie', 'gitpubsub_token=nothing'] as const;
    expect((await request(target, { path: '/x?poll=1', headers: [cookie] })).statusCode).toBe(200);
  });
});

async function openSession(token = 'reader'): Promise<string> {
  const response = await send({ method: 'POST', path: '/-/session', headers: [bearer(token)] });
  expect(response.describe()).toMatch(/^status 204/);
  return response.header('set-cookie') ?? '';
}

describe('a session', () => {
  it('puts the token into a cookie that no script and no other site can use', async () => {
    expect(await openSession()).toBe('gitpubsub_token=reader; Path=/; HttpOnly; SameSite=Strict');
  });

  it.each(['/team?poll=1', '/team?poll=1&format=ndjson'])('lets its cookie read: %s', async (path) => {
    const [cookie = ''] = (await openSession()).split(';');
    expect((await send({ path, headers: [['Cookie', `a=b; ${cookie}`], OWN_PAGE] })).statusCode).toBe(200);
  });

  it('does not let its cookie publish, which any page could have the browser send', async () => {
    const [cookie = ''] = (await openSession('ci')).split(';');
    const response = await send({
      method: 'POST',
      path: '/builds',
      body: '1',
      headers: [['Cookie', cookie], OWN_PAGE],
    });
    expectProblem(response, 401);
    expect(response.header('set-cookie')).toBeUndefined();
  });

  it.each([
    ['Origin', 'http://localhost:8080'],
    ['Sec-Fetch-Site', 'same-site'],
  ] as const)('does not let its cookie read for a page of another origin: %s', async (...header) => {
    const headers = [['Cookie', 'gitpubsub_token=reader'] as const, header];
    const response = await send({ path: '/team?poll=1', headers });
    expectProblem(response, 401);
    expect(response.header('set-cookie')).toBeUndefined();
  });

  it('loses a cookie that is wrong, with the 401 that it gets', async () => {
    const response = await send({
      path: '/builds?poll=1',
      headers: [['Cookie', 'gitpubsub_token=stale'], OWN_PAGE],
    });
    expectProblem(response, 401);
    expect(response.header('set-cookie')).toMatch(/^gitpubsub_token=; .*Max-Age=0$/);
  });

  it('is closed by DELETE', async () => {
    const response = await send({ method: 'DELETE', path: '/-/session' });
    expect(response.statusCode).toBe(204);
    expect(response.header('set-cookie')).toMatch(/^gitpubsub_token=; .*Max-Age=0$/);
  });

  it.each(['GET', 'PUT', 'HEAD'])('is not opened by %s', async (method) => {
    const response = await send({ method, path: '/-/session', headers: [bearer('reader')] });
    expect(response.statusCode).toBe(405);
    expect(response.header('allow')).toBe('POST, DELETE');
  });

  it.each(['wrong', ''])('is not opened by the token %j', async (token) => {
    const response = await send({ method: 'POST', path: '/-/session', headers: [bearer(token)] });
    expectProblem(response, 401);
    expect(response.header('set-cookie')).toBeUndefined();
  });
});

async function publishWith(key: string, token?: string, options: RequestOptions = {}): Promise<RawResponse> {
  const headers = [['Idempotency-Key', key] as const, ...(token === undefined ? [] : [bearer(token)])];
  return send({ method: 'POST', path: '/builds', body: '"the same"', headers, ...options });
}
function isReplayed(response: RawResponse): boolean {
  expect(response.describe()).toMatch(/^status 200/);
  return response.header('idempotent-replayed') === 'true';
}

describe('an idempotency key', () => {
  it('is of one principal, whichever of its tokens it sends', async () => {
    expect(isReplayed(await publishWith('k1', 'ci'))).toBe(false);
    expect(isReplayed(await publishWith('k1', 'ci-new'))).toBe(true);
  });

  it('does not meet that of another principal, nor that of an address', async () => {
    expect(isReplayed(await publishWith('k2', 'ci'))).toBe(false);
    expect(isReplayed(await publishWith('k2', 'other'))).toBe(false);
    expect(isReplayed(await publishWith('k2', undefined, { localAddress: '127.0.0.1' }))).toBe(false);
    expect(isReplayed(await publishWith('k2', 'other', { localAddress: '127.0.0.1' }))).toBe(true);
  });

  it('of an address that publishes in a corner only is not that of one that publishes everywhere', async () => {
    expect(isReplayed(await publishWith('k4', undefined, { localAddress: CORNER }))).toBe(false);
    expect(isReplayed(await publishWith('k4', undefined, { localAddress: '127.0.0.1' }))).toBe(false);
    expect(isReplayed(await publishWith('k4', undefined, { localAddress: CORNER }))).toBe(true);
  });

  it('is looked at only after the right to publish', async () => {
    expect(isReplayed(await publishWith('k3', 'ci'))).toBe(false);
    for (const key of ['k3', 'no key at all', '']) {
      expectProblem(await publishWith(key), 401);
      expectProblem(await publishWith(key, 'reader'), 403);
    }
    expectProblem(await publishWith('', 'ci'), 400);
  });
});

it('a stream ends, and visibly, when the token of its reader expires; others go on', async () => {
  const tokens = [{ token: 'short', expires: '2090-12-31' }, { token: 'long' }];
  const access = withAccess({ private: ['/team'], principals: { reader: { tokens, subscribe: ['/team'] } } });
  const files = { ...access.files, shift: '0' };
  const environment = { NODE_OPTIONS: `--import=${SHIFTED_CLOCK}`, CLOCK_SHIFT_FILE: 'shift' };
  await withBroker(
    access.flags,
    async ({ target, directory }) => {
      const open = (path: string, ...sent: string[]): Promise<StreamReader> =>
        StreamReader.open(target, path, { headers: sent.map(bearer) });
      const ending = await Promise.all(
        ['/team', '/', '/public?format=sse'].map((path) => open(path, 'short')),
      );
      const others = await Promise.all([open('/team', 'long'), open('/')]);
      writeFileSync(join(directory, 'shift'), String(Date.parse('2091-01-01T00:00:00Z') - Date.now()));
      for (const stream of ending) expect(await stream.waitForEnd()).toBe('cut');
      expectProblem(await request(target, { path: '/', headers: [bearer('short')] }), 401);
      for (const stream of others) {
        await stream.waitForKeepAlives(stream.keepAliveCount + 1);
        expect(stream.response.end).toBeUndefined();
        stream.close();
      }
    },
    { files, environment },
  );
});

// POST /-/webhooks/<name>: deliveries of every vendor over a socket, with right and wrong signatures, repeated and of no use.

import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { pollUntil } from '../support/deadline.ts';
import { poll } from '../support/poll.ts';
import { expectProblem } from '../support/problem-details.ts';
import { withReloadableBroker, type Files } from '../support/reloadable-broker.ts';
import { RawConnection, request, type RawResponse } from '../support/raw-http.ts';
import { bearer, principalWith } from '../support/reloadable-broker.ts';
import { withBroker } from '../support/with-broker.ts';

const SECRET = 'of the sender only';
const OLD_SECRET = 'of the sender until today';
const READER = 'reader-of-what-is-private';

interface Vendor {
  readonly name: string;
  readonly kind: string;
  readonly payload: string;
  readonly event: readonly [header: string, push: string, other: string];
  readonly deliveryHeader: string;
  readonly sign: (secret: string, body: string) => readonly [header: string, value: string];
}

function hmac(secret: string, body: string): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

const VENDORS: readonly Vendor[] = [
  {
    name: 'hub',
    kind: 'github',
    payload: 'github-push',
    event: ['X-GitHub-Event', 'push', 'ping'],
    deliveryHeader: 'X-GitHub-Delivery',
    sign: (secret, body) => ['X-Hub-Signature-256', `sha256=${hmac(secret, body)}`],
  },
  {
    name: 'lab',
    kind: 'gitlab',
    payload: 'gitlab-push',
    event: ['X-Gitlab-Event', 'Push Hook', 'Note Hook'],
    deliveryHeader: 'Idempotency-Key',
    sign: (secret) => ['X-Gitlab-Token', secret],
  },
  {
    name: 'tea',
    kind: 'gitea',
    payload: 'gitea-push',
    event: ['X-Gitea-Event', 'push', 'create'],
    deliveryHeader: 'X-Gitea-Delivery',
    sign: (secret, body) => ['X-Gitea-Signature', hmac(secret, body)],
  },
  {
    name: 'bucket',
    kind: 'bitbucket-server',
    payload: 'bitbucket-push',
    event: ['X-Event-Key', 'repo:refs_changed', 'diagnostics:ping'],
    deliveryHeader: 'X-Request-Id',
    sign: (secret, body) => ['X-Hub-Signature', `sha256=${hmac(secret, body)}`],
  },
];

let directory: string;
let broker: BrokerProcess;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'gitpubsub-test-'));
  const accessFile = join(directory, 'access.json');
  const webhooks = Object.fromEntries(
    VENDORS.map(({ name, kind }) => [
      name,
      { kind, secrets: [SECRET, OLD_SECRET], topic: `/${name}/{project}/{branch}` },
    ]),
  );
  const principals = { reader: principalWith(READER, { subscribe: ['/'] }) };
  const open = { kind: 'bitbucket-server', secrets: [SECRET], topic: '/public/{project}/{branch}' };
  writeFileSync(
    accessFile,
    JSON.stringify({ webhooks: { ...webhooks, public: open }, principals, private: ['/bucket'] }),
  );
  // Nobody is trusted by address: what is published comes from deliveries alone.
  broker = await BrokerProcess.start({
    flags: ['--access-file', accessFile, '--trusted-peers', '192.0.2.1'],
  });
});
afterAll(async () => {
  await broker.dispose();
  rmSync(directory, { recursive: true });
});

describe.each(VENDORS)('a webhook of $kind', ({ name, payload, event, deliveryHeader, sign }) => {
  const body = readFileSync(new URL(`../webhooks/payloads/${payload}.json`, import.meta.url), 'utf8');
  const path = `/-/webhooks/${name}`;

  interface Delivery {
    readonly kind?: string;
    readonly id?: string;
    readonly text?: string;
    readonly signature?: readonly [string, string] | undefined;
  }

  function deliver(delivery: Delivery = {}): Promise<RawResponse> {
    const { kind = event[1], id, text = body } = delivery;
    const signature = 'signature' in delivery ? delivery.signature : sign(SECRET, text);
    const headers: (readonly [string, string])[] = [
      ['Content-Type', 'application/json'],
      [event[0], kind],
      ...(id === undefined ? [] : [[deliveryHeader, id] as const]),
      ...(signature === undefined ? [] : [signature]),
    ];
    return request(broker.target, { method: 'POST', path, body: text, headers });
  }

  async function countEvents(): Promise<number> {
    return (await poll(broker.target, `/${name}?since=0`, [bearer(READER)])).events.length;
  }

  test('is refused without a signature, and nothing is published', async () => {
    expectProblem(await deliver({ signature: undefined }), 401);
    expect(await countEvents()).toBe(0);
  });

  test.each([
    ['of another secret', sign('another', body)],
    ['of another body', sign(SECRET, `${body} `)],
    ['that is empty', [sign(SECRET, body)[0], ''] as const],
  ])('is refused with a signature %s', async (what, signature) => {
    if (what === 'of another body' && name === 'lab') return; // Its token signs nothing.
    expectProblem(await deliver({ signature }), 401);
    expect(await countEvents()).toBe(0);
  });

  test('is published before it is answered, and once however often it comes', async () => {
    const first = await deliver({ id: 'delivery-1' });
    expect(first.statusCode).toBe(200);
    const count = await countEvents();
    const again = await deliver({ id: 'delivery-1', signature: sign(OLD_SECRET, body) });
    expect(again.statusCode).toBe(200);
    expect(again.header('idempotent-replayed')).toBe('true');
    expect(again.text).toBe(first.text);
    expect(await countEvents()).toBe(count);
    expect(count).toBeGreaterThan(0);
  });

  test('is answered with 204 where nobody asked for it', async () => {
    const count = await countEvents();
    expect((await deliver({ kind: event[2], text: '{}' })).statusCode).toBe(204);
    expect(await countEvents()).toBe(count);
  });

  test('is refused where it is signed and no JSON', async () => {
    expect(expectProblem(await deliver({ text: 'payload=%7B%7D' }), 400).detail).toMatch(/application\/json/);
  });
});

type Header = readonly [name: string, value: string];

function send(
  { target }: BrokerProcess,
  name: string,
  body: string,
  ...headers: Header[]
): Promise<RawResponse> {
  return request(target, { method: 'POST', path: `/-/webhooks/${name}`, body, headers });
}

function filesWith(topic: string): Files {
  return { access: { webhooks: { hub: { kind: 'bitbucket-server', secrets: [SECRET], topic } } } };
}

/** What Bitbucket Server tells of a push that creates branches. */
function createdBranches(names: readonly string[]): string {
  const changes = names.map((name) => ({
    ref: { id: `refs/heads/${name}` },
    fromHash: '0'.repeat(40),
    toHash: '1'.repeat(40),
  }));
  return JSON.stringify({ repository: { slug: 'widget', project: { key: 'LAMP' } }, changes });
}

/** What the log tells an operator of refusals, once the broker has stopped. */
function refusals({ lines }: BrokerProcess): readonly unknown[] {
  return lines.filter(({ msg }) => String(msg).startsWith('refused'));
}

test('there is no webhook of another name, and none of them is read', async () => {
  expectProblem(
    await request(broker.target, { method: 'POST', path: '/-/webhooks/nobody', body: '{}' }),
    404,
  );
  const answer = await request(broker.target, { path: '/-/webhooks/hub' });
  expectProblem(answer, 405);
  expect(answer.header('allow')).toBe('POST');
});

test('what a private webhook publishes is not seen by strangers, and nobody else may publish', async () => {
  const shown = async (headers: readonly (readonly [string, string])[]): Promise<boolean> =>
    (await poll(broker.target, '/?since=0', headers)).events.some((text) => text.includes('"LAMP'));
  expect([await shown([]), await shown([bearer(READER)])]).toEqual([false, true]);
  expectProblem(await request(broker.target, { method: 'POST', path: '/hub/x', body: '1' }), 401);
});

test('the unsigned test of a connection of Bitbucket Server is answered with 204, a wrongly signed one with 401', async () => {
  const event = ['X-Event-Key', 'diagnostics:ping'] as const;
  expect((await send(broker, 'bucket', '{}', event)).statusCode).toBe(204);
  expectProblem(await send(broker, 'bucket', '{}', event, ['X-Hub-Signature', 'sha256=0']), 401);
});

test('a delivery that fails is told in the log, once for each reason, and one to nobody is not', async () => {
  await withBroker(['--access-file', join(directory, 'access.json')], async (tried) => {
    const event = ['X-GitHub-Event', 'push'] as const;
    const signature = ['X-Hub-Signature-256', `sha256=${hmac(SECRET, '{}')}`] as const;
    expectProblem(await send(tried, 'hub', '{}', event, signature), 400);
    expectProblem(await send(tried, 'hub', '{}', event, signature), 400);
    expectProblem(await send(tried, 'nobody', '{}', event, signature), 404);
    await tried.stop();
    expect(refusals(tried)).toMatchObject([
      {
        msg: 'refused',
        code: 'invalid-delivery',
        path: '/-/webhooks/hub',
        reason: 'after is missing; it must be a full hash, 40 or 64 hexadecimal digits.',
      },
      { msg: 'refused more often', code: 'invalid-delivery', more: 1 },
    ]);
  });
});

test('a ref that can have no topic is left out of a delivery, and the log says so', async () => {
  await withBroker(['--access-file', join(directory, 'access.json')], async (tried) => {
    const deliver = (...branches: string[]): Promise<RawResponse> => {
      const text = createdBranches(branches);
      const signature = ['X-Hub-Signature', `sha256=${hmac(SECRET, text)}`] as const;
      return send(tried, 'public', text, ['X-Event-Key', 'repo:refs_changed'], signature);
    };
    const bad = 'a/'.repeat(32);
    expect((await deliver('good', `${bad}x`)).statusCode).toBe(200);
    expect((await poll(tried.target, '/public?since=0')).events).toEqual([
      expect.stringContaining('refs/heads/good'),
    ]);
    expect((await deliver(`${bad}y`)).statusCode).toBe(204);
    await tried.stop();
    expect(refusals(tried)).toMatchObject([
      {
        msg: 'refused',
        code: 'invalid-topic',
        path: '/-/webhooks/public',
        reason: `refs/heads/${bad}x of LAMP/widget is left out: A topic has at most 32 segments; this one has 36.`,
      },
      { msg: 'refused more often', code: 'invalid-topic', more: 1 },
    ]);
  });
});

test('a delivery that comes again is the same whatever is made of it by then, and one of another body is not', async () => {
  await withReloadableBroker(filesWith('/old/{branch}'), async (tried) => {
    const deliver = (branch: string): Promise<RawResponse> => {
      const text = createdBranches([branch]);
      const signature = ['X-Hub-Signature', `sha256=${hmac(SECRET, text)}`] as const;
      const id = ['X-Request-Id', 'delivery-1'] as const;
      return send(tried.process, 'hub', text, ['X-Event-Key', 'repo:refs_changed'], id, signature);
    };
    const first = await deliver('main');
    expect(first.statusCode).toBe(200);
    await tried.reload(filesWith('/new/{branch}'));
    const again = await deliver('main');
    expect([again.statusCode, again.text]).toEqual([200, first.text]);
    expect(again.header('idempotent-replayed')).toBe('true');
    expectProblem(await deliver('other'), 409);
  });
});

test('deliveries that never end keep out neither publishers nor deliveries from elsewhere', async () => {
  const flags = ['--access-file', join(directory, 'access.json')];
  await withBroker(flags, async ({ target }) => {
    const piece = 'x'.repeat(5_000_000);
    const head = `POST /-/webhooks/hub HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n`;
    const stuck = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const connection = await RawConnection.open(target);
        connection.write(head + piece);
        return connection;
      }),
    );
    const metric = async (): Promise<number> =>
      Number(/^gitpubsub_body_bytes (\d+)/m.exec((await request(target, { path: '/-/metrics' })).text)?.[1]);
    await pollUntil(
      async () => ((await metric()) > 16_000_000 ? true : undefined),
      'deliveries take what they may',
    );
    expect(await metric()).toBeLessThanOrEqual(27 * 1024 * 1024);
    const events = Array.from({ length: 60 }, (_, i) => `"${i} ${'y'.repeat(100_000)}"`).join('\n');
    const headers = [['Content-Type', 'application/x-ndjson']] as const;
    const answer = await request(target, { method: 'POST', path: '/large', body: events, headers });
    expect(answer.statusCode).toBe(200);
    const body = 'x'.repeat(10_000_000);
    const elsewhere = { method: 'POST', path: '/-/webhooks/hub', body, localAddress: '127.0.9.9' };
    expectProblem(await request(target, elsewhere), 401); // Read to its end, where its signature is missing.
    for (const connection of stuck) connection.close();
  });
});

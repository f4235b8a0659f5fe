// Who published what, and who was refused, as an operator sees it beside a running broker; no subscriber sees any of it.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createToken, hashToken } from '../../src/access/token.ts';
import { accessFileFlags } from '../support/access-file.ts';
import { runCommandLine, type BrokerProcess } from '../support/broker-process.ts';
import { poll } from '../support/poll.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish } from '../support/publisher.ts';
import { request, type RawResponse } from '../support/raw-http.ts';
import { withBroker } from '../support/with-broker.ts';

const token = createToken();
const PRINCIPALS = { ci: { tokens: [{ sha256: hashToken(token) }], publish: ['/'] } };
const STRANGER = { localAddress: '127.0.0.5' };

function post(
  { target }: BrokerProcess,
  headers: readonly [string, string][],
  path = '/a',
): Promise<RawResponse> {
  return request(target, { method: 'POST', path, headers, body: '1', ...STRANGER });
}

async function audit(broker: BrokerProcess, ...flags: string[]): Promise<unknown[]> {
  const { code, stdout, stderr } = await runCommandLine(['log', 'audit', broker.databasePath, ...flags]);
  expect([code, stderr]).toEqual([0, '']);
  return stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}

describe('the audit', () => {
  it('names the principal or the address of each event, while the broker runs and after', async () => {
    await withBroker(accessFileFlags({ principals: PRINCIPALS }), async (broker) => {
      await publish(broker.target, '/a', '"by address"');
      expect((await post(broker, [['Authorization', `Bearer ${token}`]], '/a/b')).statusCode).toBe(200);
      const entries = [
        { offset: 1, topic: '/a', publisher: 'address 127.0.0.1' },
        { offset: 2, topic: '/a/b', publisher: 'principal ci' },
      ];
      const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      expect(await audit(broker)).toEqual(entries.map((entry) => ({ time, ...entry })));
      expect(await audit(broker, '--topic', '/a/b')).toMatchObject(entries.slice(1));
      expect(await audit(broker, '--since', '1h')).toHaveLength(2);
      expect(await audit(broker, '--since', '2999-01-01')).toEqual([]);
      await broker.stop();
      expect(await audit(broker)).toMatchObject(entries);
    });
  });

  it('of a Unix socket says so', async () => {
    await withBroker(
      [],
      async (broker) => {
        await publish(broker.target, '/a', '1');
        expect(await audit(broker)).toMatchObject([{ publisher: 'unix' }]);
      },
      { onUnixSocket: true },
    );
  });

  it('behind a trusted proxy names the client', async () => {
    const flags = ['--trusted-proxies', '127.0.0.5', '--trusted-peers', '192.0.2.0/24'];
    await withBroker(flags, async (broker) => {
      expect((await post(broker, [['X-Forwarded-For', '192.0.2.9']])).statusCode).toBe(200);
      expect(await audit(broker)).toMatchObject([{ publisher: 'address 192.0.2.9' }]);
    });
  });

  it('of a webhook names it, and a wrong secret is in no log', async () => {
    const webhooks = { lab: { kind: 'gitlab', secrets: ['the right one'] } };
    const body = readFileSync(new URL('../webhooks/payloads/gitlab-push.json', import.meta.url));
    await withBroker(accessFileFlags({ webhooks }), async (broker) => {
      const deliver = (secret: string): Promise<RawResponse> => {
        const headers = [
          ['X-Gitlab-Event', 'Push Hook'],
          ['X-Gitlab-Token', secret],
        ] as const;
        return request(broker.target, { method: 'POST', path: '/-/webhooks/lab', headers, body });
      };
      expectProblem(await deliver('the wrong one'), 401);
      expect((await deliver('the right one')).statusCode).toBe(200);
      const publishers = (await audit(broker)).map((entry) => (entry as { publisher: unknown }).publisher);
      expect(new Set(publishers)).toEqual(new Set(['webhook lab']));
      expect(broker.messages).toContain('refused');
      expect(broker.stdout).not.toMatch(/the (wrong|right) one/);
    });
  });

  it('is in no stream', async () => {
    await withBroker(accessFileFlags({ principals: PRINCIPALS }), async (broker) => {
      await post(broker, [['Authorization', `Bearer ${token}`]]);
      for (const format of ['gitpubsub', 'ndjson'])
        expect((await poll(broker.target, `/a?since=0&format=${format}`)).response.text).not.toMatch(
          /publisher|principal|\bci\b/,
        );
    });
  });

  it.each([
    [['--since', 'yesterday'], 64, /--since: "yesterday" is not allowed; .* or epoch seconds\.$/m],
    [['--topic', 'a'], 64, /--topic: .* must begin with "\/"/],
    [['--output', 'xml'], 64, /allowed is json or text/],
    [[], 66, /cannot be read/],
  ])('with %j ends with status %i', async (flags, status, words) => {
    const { code, stderr } = await runCommandLine(['log', 'audit', '/nowhere/log.db', ...flags]);
    expect(code).toBe(status);
    expect(stderr).toMatch(words);
  });
});

describe('the log of the broker', () => {
  it('tells of refusals once for each client and reason, and at the stop how many more there were', async () => {
    await withBroker(accessFileFlags({ private: ['/secret'], principals: PRINCIPALS }), async (broker) => {
      const wrong = createToken();
      for (let i = 0; i < 5; i++) {
        expectProblem(await post(broker, [['Authorization', `Bearer ${wrong}`]]), 401);
        expectProblem(
          await post(broker, [
            ['Origin', 'https://elsewhere.example'],
            ['Authorization', `Bearer ${token}`],
          ]),
          403,
        );
        expectProblem(await request(broker.target, { path: '/secret', ...STRANGER }), 401);
        expectProblem(await request(broker.target, { path: '/a?x', ...STRANGER }), 400);
      }
      await publish(broker.target, '/a', '1');
      await broker.stop();
      const lines = broker.stdout.split('\n').filter((line) => line.includes('refused'));
      expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
        {
          level: 'warn',
          msg: 'refused',
          client: '127.0.0.5',
          code: 'unauthorized',
          method: 'POST',
          path: '/a',
        },
        {
          level: 'warn',
          msg: 'refused',
          client: '127.0.0.5',
          code: 'publish-forbidden',
          reason: expect.stringMatching(/elsewhere/),
        },
        { level: 'warn', msg: 'refused more often', client: '127.0.0.5', code: 'unauthorized', more: 9 },
        { level: 'warn', msg: 'refused more often', client: '127.0.0.5', code: 'publish-forbidden', more: 4 },
      ]);
      for (const secret of [token, wrong, hashToken(token), hashToken(wrong)])
        expect(broker.stdout + broker.stderr).not.toContain(secret);
    });
  });
});

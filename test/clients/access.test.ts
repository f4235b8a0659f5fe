// Tokens with the clients that people really use: curl's password, and a browser that has a session.
import { spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { composeAccessFile } from '../support/sample-access.ts';
import { BrokerProcess } from '../support/broker-process.ts';
import { urlOf } from '../support/broker-url.ts';
import { launchChromium, requireChromium } from '../support/chromium.ts';
import { publish } from '../support/publisher.ts';

let broker: BrokerProcess;
let browser: Browser | undefined;
let elsewhere: Server;

beforeAll(async () => {
  browser = await launchChromium();
  elsewhere = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end('<!doctype html><title>elsewhere</title>');
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  const access = {
    private: ['/team'],
    principals: {
      reader: { tokens: [{ token: 'reader' }], subscribe: ['/team'] },
      ci: { tokens: [{ token: 'ci' }], publish: ['/builds'] },
    },
  };
  broker = await BrokerProcess.start({
    files: { 'access.json': composeAccessFile(access) },
    flags: ['--access-file', 'access.json', '--cors-origins', originElsewhere()],
  });
});
afterAll(async () => {
  await browser?.close();
  await broker.dispose();
  await new Promise((resolve) => elsewhere.close(resolve));
});

function originElsewhere(): string {
  const address = elsewhere.address();
  if (address === null || typeof address === 'string') throw new TypeError('the other server has stopped');
  return `http://127.0.0.1:${address.port}`;
}

function requireCurl(context: TestContext): void {
  if (spawnSync('curl', ['--version'], { stdio: 'ignore' }).status === 0) return;
  if (process.env['CI'] === 'true') throw new Error('curl is not there');
  context.skip('curl is not there');
}

describe('curl', () => {
  beforeEach((context) => requireCurl(context));

  it.each([
    ['a token as the password', 'team?poll=1', ['-u', ':reader'], '200'],
    [
      'a token as the password when it is asked for one',
      'team?poll=1',
      ['--anyauth', '-u', 'me:reader'],
      '200',
    ],
    ['a token', 'team?poll=1', ['--oauth2-bearer', 'reader'], '200'],
    ['a wrong token', 'team?poll=1', ['-u', ':wrong'], '401'],
    ['no token', 'team?poll=1', [], '401'],
    ['a token and an event', 'builds', ['-u', ':ci', '-d', '1'], '200'],
    ['a token that may not and an event', 'builds', ['-u', ':reader', '-d', '1'], '403'],
  ])('with %s', (_what, path, args, status) => {
    const { stdout } = spawnSync(
      'curl',
      [
        '-s',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        '--interface',
        '127.0.9.9',
        ...args,
        urlOf(broker, `/${path}`),
      ],
      { encoding: 'utf8' },
    );
    expect(stdout).toBe(status);
  });
});

/** Opens an EventSource; resolves with the first event's payload, or `refused`. */
const READ_ONE = `(path) => new Promise((resolve) => {
  const source = new EventSource(path);
  source.onmessage = ({ data }) => { source.close(); resolve(JSON.parse(data).pubsub_payload); };
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) resolve('refused'); };
})`;

async function withPage(context: TestContext, act: (page: Page) => Promise<void>): Promise<void> {
  const tabs = await requireChromium(browser, context).newContext();
  try {
    await act(await tabs.newPage());
  } finally {
    await tabs.close();
  }
}

async function openSession(page: Page): Promise<void> {
  await page.goto(urlOf(broker, '/public'));
  const send = `(token) => fetch('/-/session', { method: 'POST', headers: { Authorization: 'Bearer ' + token } })
    .then(({ status }) => status)`;
  expect(await page.evaluate(`(${send})('reader')`)).toBe(204);
}

describe('a browser', () => {
  const readTeam = `(${READ_ONE})('/team?since=0')`;
  beforeAll(async () => {
    await publish(broker.target, '/team', '"for the team"');
  });

  it('reads what is private by EventSource once it has a session, and no longer after it', async (context) => {
    await withPage(context, async (page) => {
      await page.goto(urlOf(broker, '/public'));
      expect(await page.evaluate(readTeam)).toBe('refused');
      await openSession(page);
      expect(await page.evaluate(readTeam)).toBe('for the team');
      expect(
        await page.evaluate(`fetch('/-/session', { method: 'DELETE' }).then(({ status }) => status)`),
      ).toBe(204);
      expect(await page.evaluate(readTeam)).toBe('refused');
    });
  });

  it('keeps the token from scripts and other sites', async (context) => {
    await withPage(context, async (page) => {
      await openSession(page);
      expect(await page.context().cookies()).toEqual([
        expect.objectContaining({
          name: 'gitpubsub_token',
          httpOnly: true,
          sameSite: 'Strict',
          path: '/',
          expires: -1,
        }),
      ]);
      expect(await page.evaluate('document.cookie')).toBe('');
    });
  });

  it('forgets a token that is wrong by now', async (context) => {
    await withPage(context, async (page) => {
      await page.goto(urlOf(broker, '/public'));
      await page.context().addCookies([{ name: 'gitpubsub_token', value: 'stale', url: urlOf(broker, '/') }]);
      const poll = (): Promise<unknown> =>
        page.evaluate(`fetch('/public?poll=1').then(({ status }) => status)`);
      expect([await poll(), await poll()]).toEqual([401, 200]);
    });
  });

  it('hands nothing private to a page of another origin, even a listed one on the same host', async (context) => {
    await withPage(context, async (page) => {
      await openSession(page);
      await page.goto(originElsewhere());
      const read = (url: string): Promise<unknown> =>
        page.evaluate(`fetch('${url}', { credentials: 'include' }).then((r) => r.text(), () => 'blocked')`);
      expect(await read(urlOf(broker, '/team?poll=1&since=0'))).toBe('blocked');
      // The same page may read it with the token itself, since its origin is listed.
      expect(
        await page.evaluate(`fetch('${urlOf(broker, '/team?poll=1&since=0')}', { headers: { Authorization: 'Bearer reader' } })
          .then((r) => r.text())`),
      ).toBe('"for the team"\r\n');
    });
  });
});

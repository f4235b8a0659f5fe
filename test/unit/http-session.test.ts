import { describe, expect, test } from 'vitest';
import { AccessPolicy } from '../../src/access/access-policy.ts';
import { closeSession, forgetStaleCookie, openSession } from '../../src/http/session.ts';
import type { HeaderList } from '../../src/http/exchange.ts';
import { readSampleRules } from '../support/sample-access.ts';
import { FAKE_START_MS, FakeClock } from '../support/fake-clock.ts';
import { createRequestHead } from '../support/fake-http.ts';
import { createHttpContext } from '../support/http-context.ts';
import { OWN_PAGE } from '../support/own-page.ts';

const clock = new FakeClock();
const context = createHttpContext({
  clock,
  corsOrigins: [],
  accessPolicy: new AccessPolicy(
    {
      trustedPeers: [],
      trustedProxies: [],
      access: readSampleRules({
        principals: {
          reader: {
            tokens: [{ token: 'right' }, { token: 'soon', expires: toSecond(FAKE_START_MS + 90_000) }],
          },
        },
      }),
    },
    clock,
  ),
});

function toSecond(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

type Headers = readonly (readonly [string, string])[];

function open(headers: Headers): HeaderList {
  const head = createRequestHead({ method: 'POST', path: '/-/session', headers });
  return openSession(context, head, { address: '192.0.2.1', isProxy: false }).headers;
}

function cookieOf(headers: HeaderList): string | undefined {
  return headers.find(([name]) => name === 'Set-Cookie')?.[1];
}

describe('opening a session', () => {
  test('sets a cookie that no script and no other site can use', () => {
    expect(open([['authorization', 'Bearer right']])).toEqual([
      ['Set-Cookie', 'gitpubsub_token=right; Path=/; HttpOnly; SameSite=Strict'],
      ['Cache-Control', 'no-store'],
    ]);
  });

  test('takes Basic as well', () => {
    const encoded = Buffer.from('me:right').toString('base64');
    expect(cookieOf(open([['authorization', `Basic ${encoded}`]]))).toMatch(/^gitpubsub_token=right;/);
  });

  test('lets the cookie end with its token', () => {
    expect(cookieOf(open([['authorization', 'Bearer soon']]))).toMatch(/; Max-Age=90$/);
  });

  test.each([
    ['https', true],
    ['HTTPS', true],
    ['https, http', true],
    ['https,http', true],
    ['http', false],
    ['http, https', false],
    ['httpsx', false],
  ])('behind a proxy that was reached by %s: over TLS alone is %s', (protocol, isExpected) => {
    const cookie = cookieOf(
      open([
        ['authorization', 'Bearer right'],
        ['x-forwarded-proto', protocol],
      ]),
    );
    expect(cookie?.endsWith('; Secure')).toBe(isExpected);
  });

  test.each<[string, Headers]>([
    ['no token', []],
    ['a wrong token', [['authorization', 'Bearer wrong']]],
    ['a token in a cookie only', [['cookie', 'gitpubsub_token=right']]],
    ['what is no token', [['authorization', 'Digest x']]],
  ])('is refused with %s', (_what, headers) => {
    expect(() => open(headers)).toThrow(expect.objectContaining({ code: 'unauthorized' }));
  });
});

test('closing a session takes the cookie back', () => {
  expect(cookieOf(closeSession().headers)).toMatch(/^gitpubsub_token=; .*Max-Age=0$/);
});

describe('a 401 takes a cookie back', () => {
  const cookie = ['cookie', 'a=1; gitpubsub_token=stale'] as const;

  function isForgotten(headers: Headers, method = 'GET'): boolean {
    return forgetStaleCookie(createRequestHead({ method, headers: [OWN_PAGE, ...headers] })).length > 0;
  }

  test.each(['GET', 'HEAD'])('that was looked at by %s', (method) => {
    expect(isForgotten([cookie], method)).toBe(true);
  });

  test.each<[string, Headers, string]>([
    ['that is none of ours', [['cookie', 'a=1']], 'GET'],
    ['that was not looked at: another method', [cookie], 'POST'],
    ['that was not looked at: Authorization', [cookie, ['authorization', 'Bearer wrong']], 'GET'],
    ['that was not looked at: another origin', [cookie, ['origin', 'http://x']], 'GET'],
  ])('but not one %s', (_what, headers, method) => {
    expect(isForgotten(headers, method)).toBe(false);
  });
});

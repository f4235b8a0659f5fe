import { describe, expect, test } from 'vitest';
import { clearTokenCookie, hasTokenCookie, readToken, setTokenCookie } from '../../src/access/credentials.ts';

const TOKEN = 'gitpubsub_abc-DEF_123';

function authorize(...authorization: string[]): string | undefined {
  return readToken({ authorization, cookie: [] });
}

function withCookie(...cookie: string[]): string | undefined {
  return readToken({ authorization: [], cookie });
}

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

describe('a token in Authorization', () => {
  test.each([
    `Bearer ${TOKEN}`,
    `bearer ${TOKEN}`,
    `BEARER   ${TOKEN} `,
    basic(`:${TOKEN}`),
    basic(`anybody:${TOKEN}`),
    basic(`:${TOKEN}`).replace('Basic', 'bAsIc'),
  ])('is read from %s', (value) => {
    expect(authorize(value)).toBe(TOKEN);
  });

  test('as the password of Basic may hold colons and other characters', () => {
    expect(authorize(basic('user:a:b ä'))).toBe('a:b ä');
  });

  test('of a password that is empty is no token that is missing', () => {
    expect(authorize(basic('user:'))).toBe('');
  });

  test.each([
    ['an empty header', ['']],
    ['a scheme alone', ['Bearer']],
    ['a scheme and blanks', ['Bearer   ']],
    ['two tokens', [`Bearer ${TOKEN} ${TOKEN}`]],
    ['no scheme', [TOKEN]],
    ['another scheme', ['Digest username="x"']],
    ['a scheme that only begins so', [`Bearers ${TOKEN}`]],
    ['Basic without a colon', [basic(TOKEN)]],
    ['Basic that is no Base64', ['Basic ***']],
    ['two headers', [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`]],
    ['a header that is right and an empty one', [`Bearer ${TOKEN}`, '']],
  ])('is refused in %s', (_what, values) => {
    expect(() => authorize(...values)).toThrow(expect.objectContaining({ code: 'unauthorized' }));
  });

  test('of a page of another origin is read as Bearer, and refused as a password that the browser may remember', () => {
    const rest = { cookie: [], isOfOtherPage: true };
    expect(readToken({ authorization: [`Bearer ${TOKEN}`], ...rest })).toBe(TOKEN);
    for (const scheme of ['Basic', 'bAsIc']) {
      const authorization = [basic(`:${TOKEN}`).replace('Basic', scheme)];
      expect(() => readToken({ authorization, ...rest })).toThrow(/^A page of another origin may not use/);
    }
  });

  test('that is not understood is refused without telling it', () => {
    expect(() => authorize(`Token ${TOKEN}`)).toThrow(expect.not.stringContaining(TOKEN));
  });

  test('that is not understood is refused even beside a cookie', () => {
    const headers = { authorization: ['Digest x'], cookie: [`gitpubsub_token=${TOKEN}`] };
    expect(() => readToken(headers)).toThrow(expect.objectContaining({ code: 'unauthorized' }));
  });

  test('counts before the cookie', () => {
    expect(readToken({ authorization: [`Bearer ${TOKEN}`], cookie: ['gitpubsub_token=other'] })).toBe(TOKEN);
  });
});

describe('a token in a cookie', () => {
  test.each([
    [`gitpubsub_token=${TOKEN}`],
    [`a=1; gitpubsub_token=${TOKEN}; b=2`],
    [`a=1;gitpubsub_token=${TOKEN};b=2`],
    ['a=1', `gitpubsub_token=${TOKEN}`],
  ])('is read from %j', (...lines) => {
    expect(withCookie(...lines)).toBe(TOKEN);
  });

  test.each(['', 'a=1', 'gitpubsub_token', `xgitpubsub_token=${TOKEN}`, `a=gitpubsub_token=${TOKEN}`])(
    'is not read from %j',
    (line) => {
      expect(withCookie(line)).toBeUndefined();
      expect(hasTokenCookie([line])).toBe(false);
    },
  );

  test('that is empty is there, and so not treated as none', () => {
    expect(withCookie('gitpubsub_token=')).toBe('');
  });

  test('is read as it was set, whatever characters it has', () => {
    const odd = 'a;b=c, "d" %41ä';
    expect(withCookie(setTokenCookie(odd, { lifeMs: undefined, isSecure: false }).split(';')[0] ?? '')).toBe(
      odd,
    );
  });

  test('that is broken percent-encoding is taken as it is', () => {
    expect(withCookie('gitpubsub_token=%zz')).toBe('%zz');
  });
});

describe('setting the cookie', () => {
  test('hides it from scripts and other sites, and lets it end with the browser', () => {
    expect(setTokenCookie(TOKEN, { lifeMs: undefined, isSecure: false })).toBe(
      `gitpubsub_token=${TOKEN}; Path=/; HttpOnly; SameSite=Strict`,
    );
  });

  test.each([
    [90_999, 90],
    [-5, 0],
  ])('for %d milliseconds is for %d whole seconds', (lifeMs, seconds) => {
    expect(setTokenCookie(TOKEN, { lifeMs, isSecure: false })).toMatch(new RegExp(`; Max-Age=${seconds}$`));
  });

  test('over TLS keeps it there', () => {
    expect(setTokenCookie(TOKEN, { lifeMs: undefined, isSecure: true })).toMatch(/; Secure$/);
  });

  test('can be taken back', () => {
    expect(clearTokenCookie()).toMatch(/^gitpubsub_token=; Path=\/; .*Max-Age=0$/);
  });
});

// Who may deliver: signatures and tokens of each vendor.
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { WebhookKindName } from '../../src/core/webhook-kinds.ts';
import { verify } from '../../src/webhooks/webhooks.ts';
import { headersOf } from './deliveries.ts';

const SECRET = "It's a Secret to Everybody";
const BODY = Buffer.from('{"lamp":"ü"}');

function hmac(secret: string, body: Uint8Array = BODY, algorithm = 'sha256'): string {
  return createHmac(algorithm, secret).update(body).digest('hex');
}

const SIGNED: readonly (readonly [WebhookKindName, string, string])[] = [
  ['github', 'x-hub-signature-256', 'sha256='],
  ['gitea', 'x-gitea-signature', ''],
  ['gitea', 'x-forgejo-signature', ''],
  ['bitbucket-server', 'x-hub-signature', 'sha256='],
];

test('the signature that GitHub publishes for trying out is right', () => {
  const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
  const headers = headersOf({ 'x-hub-signature-256': signature });
  expect(verify('github', headers, Buffer.from('Hello, World!'), [SECRET])).toBe(true);
  expect(verify('github', headers, Buffer.from('Hello, World?'), [SECRET])).toBe(false);
});

describe.each(SIGNED)('%s with %s', (kind, header, prefix) => {
  function verifies(value: string, secrets: readonly string[] = [SECRET], body: Uint8Array = BODY): boolean {
    return verify(kind, headersOf({ [header]: value }), body, secrets);
  }
  const right = prefix + hmac(SECRET);

  test('the right signature is verified', () => {
    expect(verifies(right)).toBe(true);
  });

  test('of several secrets any is right', () => {
    expect(verifies(right, ['new', SECRET])).toBe(true);
    expect(verifies(right, [SECRET, 'new'])).toBe(true);
    expect(verifies(right, ['new', 'other'])).toBe(false);
  });

  test('a secret of any characters is taken as UTF-8', () => {
    expect(verifies(prefix + hmac('schlüssel日'), ['schlüssel日'])).toBe(true);
  });

  test('a signature of another body is not verified', () => {
    expect(verifies(right, [SECRET], Buffer.from('{"lamp":"u"}'))).toBe(false);
  });

  test.each([
    ['nothing', ''],
    ['the prefix alone', prefix],
    ['too short', right.slice(0, -1)],
    ['too long', `${right}0`],
    ['of an odd digit', `${right.slice(0, -1)}g`],
    ['of another secret', prefix + hmac('another')],
    ['behind another prefix', `sha1=${hmac(SECRET)}`],
    ['behind another prefix of that length', `sha512=${hmac(SECRET)}`],
    ['made by SHA-1', prefix + hmac(SECRET, BODY, 'sha1')],
    ['of other characters', `${prefix}${'ü'.repeat(64)}`],
    ['behind a space', ` ${right}`],
    ['given twice', `${right}, ${right}`],
    ['the secret itself', SECRET],
  ])('a signature that is %s is not verified', (_, value) => {
    expect(verifies(value)).toBe(false);
  });

  test('a delivery without a signature is not verified', () => {
    expect(verify(kind, headersOf({}), BODY, [SECRET])).toBe(false);
  });

  test('without a secret nothing is verified', () => {
    expect(verifies(right, [])).toBe(false);
    expect(verifies(prefix + hmac(''), [''])).toBe(false);
  });
});

test.each([
  ['github', 'x-hub-signature'],
  ['bitbucket-server', 'x-hub-signature-256'],
  ['gitea', 'x-hub-signature-256'],
  ['gitlab', 'x-hub-signature-256'],
] as const)('%s is not verified by %s', (kind, header) => {
  expect(verify(kind, headersOf({ [header]: `sha256=${hmac(SECRET)}` }), BODY, [SECRET])).toBe(false);
});

function verifiesOfBitbucket(event: string, headers: Readonly<Record<string, string>> = {}): boolean {
  return verify('bitbucket-server', headersOf({ 'x-event-key': event, ...headers }), BODY, [SECRET]);
}

describe('the test of a connection of Bitbucket Server', () => {
  test('needs no signature, which its sender does not make; everything else does', () => {
    expect(verifiesOfBitbucket('diagnostics:ping')).toBe(true);
    expect(verifiesOfBitbucket('repo:refs_changed')).toBe(false);
  });

  test('with a wrong signature is not verified', () => {
    expect(verifiesOfBitbucket('diagnostics:ping', { 'x-hub-signature': `sha256=${hmac('another')}` })).toBe(
      false,
    );
    expect(verifiesOfBitbucket('diagnostics:ping', { 'x-hub-signature': '' })).toBe(false);
  });
});

test('a wrong signature of Forgejo is not made good by one of Gitea', () => {
  const headers = headersOf({ 'x-forgejo-signature': hmac('another'), 'x-gitea-signature': hmac(SECRET) });
  expect(verify('gitea', headers, BODY, [SECRET])).toBe(false);
});

describe('the token of GitLab', () => {
  function verifies(token: string, secrets: readonly string[] = [SECRET]): boolean {
    return verify('gitlab', headersOf({ 'x-gitlab-token': token }), BODY, secrets);
  }

  test('is one of the secrets', () => {
    expect(verifies(SECRET)).toBe(true);
    expect(verifies(SECRET, ['new', SECRET])).toBe(true);
    expect(verifies(SECRET, ['new'])).toBe(false);
  });

  test.each(['', SECRET.slice(0, -1), `${SECRET}x`, SECRET.toLowerCase(), 'ü', hmac(SECRET)])(
    'is not %j',
    (token) => {
      expect(verifies(token)).toBe(false);
    },
  );

  test('is never that of nobody', () => {
    expect(verify('gitlab', headersOf({}), BODY, [SECRET])).toBe(false);
    expect(verifies('', [''])).toBe(false);
    expect(verifies(SECRET, [])).toBe(false);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readAccessFile } from '../../src/config/access-file.ts';
import type { AccessRules } from '../../src/access/access-rules.ts';

const [HASH, OTHER] = ['a'.repeat(64), '0123456789abcdef'.repeat(4)];
const SECRET = 'gitpubsub_what-nobody-should-see';

function read(file: unknown): ReturnType<typeof readAccessFile> {
  return readAccessFile('a.json', () => (typeof file === 'string' ? file : JSON.stringify(file)));
}

function refuseToRead(): string {
  throw new Error("EACCES: permission denied, open 'a.json'");
}

function rulesOf(file: unknown): AccessRules {
  const { rules, problems } = read(file);
  if (!rules) throw new Error(problems.join('\n'));
  return rules;
}

function withToken(token: unknown): unknown {
  return { principals: { ci: { tokens: [token] } } };
}

function webhookWith(secrets: readonly string[], topic?: string): unknown {
  return { webhooks: { gh: { kind: 'github', secrets, topic } } };
}

describe('an access file', () => {
  test('may be empty: then nothing is private and nobody has a token', () => {
    expect(rulesOf({})).toEqual({ privates: [], principals: [], peers: [], webhooks: new Map() });
  });

  test('gives the rules that it holds', () => {
    const file = {
      private: ['/secret/', '/a%2Fb', '/starred/*'],
      principals: {
        'ci@example.org': {
          tokens: [{ sha256: HASH }, { sha256: OTHER, expires: '2027-01-31' }],
          publish: ['/json'],
        },
        reader: { tokens: [], subscribe: ['/'], statistics: true },
      },
      peers: [{ addresses: ['10.0.*', 'unix', '::1'], publish: ['/json'] }],
    };
    expect(rulesOf(file)).toEqual({
      webhooks: new Map(),
      privates: ['/secret', '/a%2Fb', '/starred'],
      principals: [
        {
          name: 'ci@example.org',
          tokens: [
            { sha256: HASH, expiresMs: undefined },
            { sha256: OTHER, expiresMs: Date.parse('2027-02-01T00:00:00Z') },
          ],
          publish: ['/json'],
          subscribe: [],
          statistics: false,
        },
        { name: 'reader', tokens: [], publish: [], subscribe: ['/'], statistics: true },
      ],
      peers: [
        {
          addresses: [
            expect.objectContaining({ text: '10.0.0.0/16' }),
            'unix',
            expect.objectContaining({ text: '::1' }),
          ],
          publish: ['/json'],
          subscribe: [],
          statistics: false,
        },
      ],
    });
  });

  test.each([
    ['2027-01-31', '2027-02-01T00:00:00Z'],
    ['2028-02-29', '2028-03-01T00:00:00Z'],
    ['2027-01-31T12:00Z', '2027-01-31T12:00:00Z'],
    ['2027-01-31T12:00:30+02:00', '2027-01-31T10:00:30Z'],
  ])('lets a token that expires %s be right before %s', (expires, moment) => {
    const [principal] = rulesOf(withToken({ sha256: HASH, expires })).principals;
    expect(principal?.tokens[0]?.expiresMs).toBe(Date.parse(moment));
  });
});

test('the example of the documentation is a good access file', () => {
  const page = readFileSync(new URL('../../docs/access.md', import.meta.url), 'utf8');
  const example = /```json\n(\{\n.*?\n\})\n```/s.exec(page)?.[1] ?? '';
  expect(rulesOf(example)).toMatchObject({ privates: ['/json/secret', '/json/website/drafts'] });
});

describe('an access file with a mistake gives no rules, and says', () => {
  test.each([
    [
      'where it is no JSON',
      '{"private": [}',
      /^a\.json: the access file is not JSON at line 1, column 14\.$/,
    ],
    ['that it holds no object', '[]', /must hold one JSON object/],
    ['which member is unknown', { privat: [] }, /^a\.json: "privat" is no member; did you mean private\?$/],
    [
      'which member stands twice',
      '{"private":["/a"],\n"private":[]}',
      /^a\.json: "private" stands twice in one object, again at line 2\.$/,
    ],
    [
      'that a list is none',
      { private: '/secret' },
      /^private in a\.json: "\/secret" is not allowed; allowed is a list of topics\.$/,
    ],
    ['that a list is null', { private: null }, /^private in a\.json: null is not allowed/],
    [
      'which topic is none',
      { private: ['/a', 'secret'] },
      /^private\[1\] in a\.json: The topic "secret" must begin with "\/"\.$/,
    ],
    ['that a topic belongs to the broker', { private: ['/-/metrics'] }, /belongs to the broker/],
    ['that a topic is empty', { private: [''] }, /must begin with/],
    [
      'that a topic has a query',
      { private: ['/q?x'] },
      /^private\[0\] in a\.json: The topic "\/q\?x" must not hold "\?".*%3F\.$/,
    ],
    ['that a topic has a fragment', { private: ['/q#x'] }, /must not hold "#".*%23\.$/],
    ['in one line which topic is none, though that has two', { private: ['a\nb'] }, /The topic "a\\nb"/],
    [
      'which name is none',
      { principals: { 'a b': { tokens: [] } } },
      /^principals\.a b in a\.json: "a b" is not allowed/,
    ],
    [
      'that a name is the one that JavaScript keeps for itself',
      '{"principals":{"__proto__":{"tokens":[]}}}',
      /"__proto__" is not allowed/,
    ],
    [
      'that tokens are missing',
      { principals: { ci: {} } },
      /^principals\.ci\.tokens in a\.json: is missing; it must be a list of tokens\.$/,
    ],
    [
      'that a principal is none',
      { principals: { ci: null } },
      /principals\.ci in a\.json: is not allowed; allowed is an object with tokens/,
    ],
    [
      'which hash is none',
      withToken({ sha256: HASH.toUpperCase() }),
      /^principals\.ci\.tokens\[0\]\.sha256 in a\.json: is not the SHA-256 of a token/,
    ],
    ['that a hash is missing', withToken({}), /tokens\[0\]\.sha256 in a\.json: is not the SHA-256/],
    [
      'that a hash is that of nothing',
      withToken({ sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' }),
      /is the SHA-256 of nothing/,
    ],
    [
      'that a right is none',
      { principals: { ci: { tokens: [], statistics: 'yes' } } },
      /"yes" is not allowed; allowed is true or false/,
    ],
    [
      'which right is unknown',
      { principals: { ci: { tokens: [], publsh: [] } } },
      /"publsh" is no member; did you mean publish\?/,
    ],
    [
      'that a webhook has no secret',
      webhookWith([]),
      /^webhooks\.gh\.secrets in a\.json: is no secret; allowed is a list of at least one text of 8 or more ASCII/,
    ],
    [
      'that the topic template of a webhook makes none',
      webhookWith([HASH], '/json/../{branch}'),
      /^webhooks\.gh\.topic in a\.json: topic: "\/json\/\.\.\/\{branch\}" makes no topic: "\.\." is not allowed/,
    ],
    [
      'that addresses are missing',
      { peers: [{ publish: ['/'] }] },
      /^peers\[0\]\.addresses in a\.json: is missing/,
    ],
    [
      'that addresses are none',
      { peers: [{ addresses: [], publish: ['/'] }] },
      /^peers\[0\]\.addresses in a\.json: is empty; allowed is a list of at least one address/,
    ],
    [
      'which address is none',
      { peers: [{ addresses: ['10.0.0.1/8'] }] },
      /^peers\[0\]\.addresses\[0\] in a\.json: "10\.0\.0\.1\/8" has bits set/,
    ],
  ])('%s', (_what, file, sentence) => {
    const { rules, problems } = read(file);
    expect(rules).toBeUndefined();
    expect(problems).toEqual([expect.stringMatching(sentence)]);
  });

  test.each([
    '2027-02-29',
    '2027-13-01',
    '2027-1-31',
    'never',
    '',
    '2027-01-31T12:00',
    '2027-02-30T12:00Z',
    '2027-01-31T12:00+99:99',
  ])('that %j is no expiry', (expires) => {
    expect(read(withToken({ sha256: HASH, expires })).problems).toEqual([
      expect.stringMatching(
        /^principals\.ci\.tokens\[0\]\.expires in a\.json: .* is not allowed; allowed is a day/,
      ),
    ]);
  });

  test.each([
    '7 chars',
    'a secret in the clear \u00fc',
    'line\nend',
    ' in front',
    'behind  ',
    '\u0000'.repeat(8),
  ])('that %j is no secret, without telling it', (secret) => {
    expect(read(webhookWith([HASH, secret])).problems).toEqual([
      expect.stringMatching(
        /^webhooks\.gh\.secrets\[1\] in a\.json: is no secret; allowed is .*around it\.$/,
      ),
    ]);
  });

  test.each(['8 chars.', '~!"#$%&{}'])('that %j is a secret', (secret) => {
    expect(rulesOf(webhookWith([secret])).webhooks.get('gh')?.secrets).toEqual([secret]);
  });

  test('why it could not be read', () => {
    expect(readAccessFile('a.json', refuseToRead)).toEqual({
      rules: undefined,
      problems: ['a.json: the access file cannot be read: EACCES: permission denied.'],
    });
  });

  test('everything that is wrong, at once', () => {
    const file = {
      private: ['secret'],
      principals: {
        ci: { tokens: [{ sha256: HASH }, { sha256: 'x' }], publish: ['/-/y'] },
        cd: { tokens: [{ sha256: HASH, expires: 'soon' }], subscribe: '/x' },
      },
      peers: [{ addresses: ['nowhere'] }],
      more: 1,
      'and\nmore': 1,
    };
    expect(read(file).problems.map((problem) => problem.split(':')[0])).toEqual([
      'private[0] in a.json',
      'principals.ci.tokens[1].sha256 in a.json',
      'principals.ci.publish[0] in a.json',
      'principals.cd.tokens[0].expires in a.json',
      'principals.cd.subscribe in a.json',
      'peers[0].addresses[0] in a.json',
      'a.json',
      'a.json',
      'principals.cd.tokens[0] in a.json',
    ]);
  });
});

describe('a token', () => {
  test.each([
    [
      'of two principals',
      { ci: { tokens: [{ sha256: OTHER }, { sha256: HASH }] }, cd: { tokens: [{ sha256: HASH }] } },
      'cd.tokens[0]',
    ],
    [
      'that stands twice',
      { ci: { tokens: [{ sha256: OTHER }, { sha256: HASH }, { sha256: HASH }] } },
      'ci.tokens[2]',
    ],
  ])('%s is a mistake', (_what, principals, place) => {
    expect(read({ principals }).problems).toEqual([
      `principals.${place} in a.json: is the same token as principals.ci.tokens[1]; each must stand there once.`,
    ]);
  });

  test.each([
    ['instead of its hash', withToken({ sha256: SECRET })],
    ['instead of an object', withToken(SECRET)],
    ['instead of a list', { principals: { ci: { tokens: SECRET } } }],
    ['instead of a principal', { principals: { ci: SECRET } }],
    ['in a list of principals', { principals: [{ name: 'ci', tokens: [{ sha256: SECRET }] }] }],
    ['instead of a webhook', { webhooks: { gh: SECRET } }],
    ['as too short a secret', { webhooks: { gh: { kind: 'github', secrets: [SECRET.slice(-7)] } } }],
    ['in a list of webhooks', { webhooks: [{ name: 'gh', kind: 'github', secrets: [SECRET] }] }],
    ['in a member of another name', withToken({ sha256: HASH, token: SECRET })],
    [
      'as the secret of a webhook, but not in a list',
      { webhooks: { gh: { kind: 'github', secrets: SECRET } } },
    ],
  ])('that somebody put there %s is told to nobody', (_what, file) => {
    const { problems } = read(file);
    expect(problems).toHaveLength(1);
    expect(problems.join()).not.toContain(SECRET.slice(-7));
  });
});

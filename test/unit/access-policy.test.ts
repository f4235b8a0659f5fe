import { describe, expect, test } from 'vitest';
import { AccessPolicy } from '../../src/access/access-policy.ts';
import { mayPublish, type Caller, type CallerId } from '../../src/access/caller.ts';
import { parsePeerRange, parseProxyRange } from '../../src/access/peer-range.ts';
import { parseTopic } from '../../src/core/topic.ts';
import { readSampleRules, type SampleAccess } from '../support/sample-access.ts';
import { FakeClock, FAKE_START_MS } from '../support/fake-clock.ts';

const STRANGER = '192.0.2.1';
const TRUSTED = '127.0.0.1';
const PROXY = '127.7.7.7';

const ACCESS: SampleAccess = {
  private: ['/secret'],
  principals: {
    ci: { tokens: [{ token: 'ci' }], publish: ['/json/ci'] },
    reader: {
      tokens: [
        { token: 'reader' },
        { token: 'old', expires: new Date(FAKE_START_MS + 1_000).toISOString().slice(0, 19) + 'Z' },
      ],
      subscribe: ['/secret/ours'],
    },
    operator: { tokens: [{ token: 'operator' }], publish: ['/'], subscribe: ['/'], statistics: true },
  },
  peers: [
    { addresses: ['127.0.0.2'], publish: ['/json'] },
    { addresses: ['10.0.0.0/8'], subscribe: ['/secret'], statistics: true },
  ],
};

interface Given {
  readonly address?: string;
  readonly forwardedFor?: readonly string[];
  readonly token?: string;
  readonly cookie?: string;
  readonly foreignOrigin?: string;
}

function createPolicy(access: SampleAccess | 'no file' = ACCESS, clock = new FakeClock()): AccessPolicy {
  return new AccessPolicy(
    {
      trustedPeers: ['127.0.0.0/24'].map(parsePeerRange),
      trustedProxies: [PROXY, 'unix'].map(parseProxyRange),
      access: access === 'no file' ? undefined : readSampleRules(access),
    },
    clock,
  );
}

function identify(given: Given, policy: AccessPolicy = createPolicy()): Caller {
  const { address = STRANGER, forwardedFor = [], token, cookie, foreignOrigin } = given;
  return policy.identify({
    peer: { address, forwardedFor, hasProxyHeader: forwardedFor.length > 0 },
    credentials: {
      authorization: token === undefined ? [] : [`Bearer ${token}`],
      cookie: cookie === undefined ? [] : [`gitpubsub_token=${cookie}`],
    },
    foreignOrigin,
  });
}

/** What it may do, in one line: where it publishes, what it reads, whether it sees numbers. */
function rightsOf(caller: Caller): string {
  const topics = ['/', '/json', '/json/ci', '/json/ci/x', '/secret', '/secret/ours', '/secret/x'].map(
    parseTopic,
  );
  const published = topics.filter((topic) => mayPublish(caller, topic));
  const read = topics.filter((topic) => !caller.hidden.hides(topic) && topic.startsWith('/secret'));
  return `${published.join()} | ${read.join()} | ${caller.rights.statistics ? 'numbers' : ''}`;
}

const EVERYWHERE = '/,/json,/json/ci,/json/ci/x,/secret,/secret/ours,/secret/x';
const NOTHING = ' |  | ';

describe('without an access file', () => {
  const open = createPolicy('no file');

  test.each([
    [TRUSTED, `${EVERYWHERE} | /secret,/secret/ours,/secret/x | numbers`],
    [STRANGER, ' | /secret,/secret/ours,/secret/x | '],
  ])('%s may do what trustedPeers says, and read all', (address, rights) => {
    expect(rightsOf(identify({ address }, open))).toBe(rights);
  });

  test('credentials are not looked at, for they may belong to a proxy', () => {
    expect(identify({ address: TRUSTED, token: 'what' }, open)).toMatchObject({ principal: undefined });
    expect(open.takesTokens).toBe(false);
  });
});

describe('with an access file', () => {
  test.each<[string, Given, string]>([
    ['a stranger', {}, NOTHING],
    ['a trusted peer, but for what is private', { address: TRUSTED }, `${EVERYWHERE} |  | numbers`],
    [
      'a trusted peer with an entry, which stands in the place of that',
      { address: '127.0.0.2' },
      '/json,/json/ci,/json/ci/x |  | ',
    ],
    ['an address with an entry', { address: '10.1.1.1' }, ' | /secret,/secret/ours,/secret/x | numbers'],
    ['the Unix socket', { address: 'unix' }, `${EVERYWHERE} |  | numbers`],
    ['a publisher', { token: 'ci' }, '/json/ci,/json/ci/x |  | '],
    ['a reader of a part', { token: 'reader' }, ' | /secret/ours | '],
    ['who may do all', { token: 'operator' }, `${EVERYWHERE} | /secret,/secret/ours,/secret/x | numbers`],
    ['a token by a cookie', { cookie: 'reader' }, ' | /secret/ours | '],
    [
      'a token from an address: both together',
      { address: '127.0.0.2', token: 'reader' },
      '/json,/json/ci,/json/ci/x | /secret/ours | ',
    ],
    [
      'a client that a proxy names',
      { address: PROXY, forwardedFor: ['10.1.1.1'] },
      ' | /secret,/secret/ours,/secret/x | numbers',
    ],
    ['a stranger that a proxy names', { address: PROXY, forwardedFor: ['10.1.1.1, 192.0.2.1'] }, NOTHING],
    [
      'an address with an entry behind a proxy that nobody listed',
      { address: '10.1.1.1', forwardedFor: ['10.1.1.2'] },
      NOTHING,
    ],
    [
      'a trusted peer behind a proxy that nobody listed',
      { address: TRUSTED, forwardedFor: ['127.0.0.1'] },
      NOTHING,
    ],
    [
      'a page of another origin at a trusted address',
      { address: TRUSTED, foreignOrigin: 'http://x' },
      NOTHING,
    ],
    [
      'a page of another origin at an address with an entry',
      { address: '10.1.1.1', foreignOrigin: 'http://x' },
      NOTHING,
    ],
    [
      'a page of another origin with a token: what the token reads',
      { token: 'operator', foreignOrigin: 'http://x' },
      ' | /secret,/secret/ours,/secret/x | ',
    ],
  ])('%s', (_who, given, rights) => {
    expect(rightsOf(identify(given))).toBe(rights);
  });

  test.each<[string, Given]>([
    ['a stranger', { token: 'wrong' }],
    ['a trusted peer', { address: TRUSTED, token: 'wrong' }],
    ['a cookie', { cookie: 'wrong' }],
    ['an empty cookie', { address: TRUSTED, cookie: '' }],
  ])('a wrong token is never treated as none: of %s', (_who, given) => {
    expect(() => identify(given)).toThrow(expect.objectContaining({ code: 'unauthorized' }));
  });

  test('a wrong token is refused even where there are none', () => {
    expect(() => identify({ token: 'x' }, createPolicy({ private: ['/secret'] }))).toThrow(
      expect.objectContaining({ code: 'unauthorized' }),
    );
  });

  test('an expired token is a wrong one', () => {
    const clock = new FakeClock();
    const policy = createPolicy(ACCESS, clock);
    expect(identify({ token: 'old' }, policy).expiresMs).toBe(FAKE_START_MS + 1_000);
    clock.advance(1_000);
    expect(() => identify({ token: 'old' }, policy)).toThrow(
      expect.objectContaining({ code: 'unauthorized' }),
    );
  });

  test('a connection is one of who may publish by its address alone', () => {
    const policy = createPolicy();
    expect(
      [TRUSTED, '127.0.0.2', '10.1.1.1', STRANGER, 'unix'].map((one) => policy.mayPublishFrom(one)),
    ).toEqual([true, true, false, false, true]);
  });

  test('of that, what the access file says of the address counts before trustedPeers', () => {
    const peers = [{ addresses: [STRANGER], publish: ['/json'] }, { addresses: [TRUSTED] }];
    const policy = createPolicy({ ...ACCESS, peers });
    expect([STRANGER, TRUSTED].map((one) => policy.mayPublishFrom(one))).toEqual([true, false]);
  });
});

test('readers with the same rights share what is hidden from them, be these of a token, an address or both', () => {
  const policy = createPolicy();
  const hiddenFrom = (given: Given): unknown => identify(given, policy).hidden;
  const both = { address: '10.1.2.3', token: 'reader' };
  for (const given of [{}, both, { token: 'reader' }]) expect(hiddenFrom(given)).toBe(hiddenFrom(given));
  expect(hiddenFrom(both)).not.toBe(hiddenFrom({ token: 'reader' }));
});

describe('the same caller by other rules', () => {
  function idOf(given: Given): CallerId {
    return identify(given).id;
  }

  test.each<[string, Given]>([
    ['a stranger', {}],
    ['a trusted peer', { address: TRUSTED }],
    ['an address with an entry', { address: '10.1.1.1' }],
    ['a token', { address: '127.0.0.2', token: 'reader' }],
    ['a client of a proxy', { address: PROXY, forwardedFor: ['10.1.1.1'] }],
    ['a peer that is a proxy', { address: TRUSTED, forwardedFor: ['10.1.1.1'] }],
    ['a page of another origin', { address: TRUSTED, token: 'operator', foreignOrigin: 'http://x' }],
  ])('has the same rights when they did not change: %s', (_who, given) => {
    const again = createPolicy().identifyAgain(idOf(given));
    expect(again && rightsOf(again)).toBe(rightsOf(identify(given)));
    expect(again?.id).toEqual(idOf(given));
  });

  test('is nobody when its token is gone', () => {
    const { reader: _, ...principals } = ACCESS.principals ?? {};
    expect(createPolicy({ ...ACCESS, principals }).identifyAgain(idOf({ token: 'reader' }))).toBeUndefined();
    expect(createPolicy('no file').identifyAgain(idOf({ token: 'reader' }))).toBeUndefined();
  });

  test('has what its principal and address may now', () => {
    const policy = createPolicy({
      ...ACCESS,
      principals: { ...ACCESS.principals, reader: { tokens: [{ token: 'reader' }], publish: ['/json/ci'] } },
      peers: [],
    });
    const [reader, address] = [idOf({ token: 'reader' }), idOf({ address: '10.1.1.1' })].map((id) =>
      policy.identifyAgain(id),
    );
    expect(reader && rightsOf(reader)).toBe('/json/ci,/json/ci/x |  | ');
    expect(address && rightsOf(address)).toBe(NOTHING);
  });

  test('has no rights by its address when the proxy that named it is no longer listed', () => {
    const id = idOf({ address: PROXY, forwardedFor: ['10.1.1.1'] });
    const policy = new AccessPolicy(
      { trustedPeers: [], trustedProxies: [], access: readSampleRules(ACCESS) },
      new FakeClock(),
    );
    const again = policy.identifyAgain(id);
    expect(again && rightsOf(again)).toBe(NOTHING);
  });
});

import { describe, expect, test } from 'vitest';
import { AccessPolicy } from '../../src/access/access-policy.ts';
import type { Caller } from '../../src/access/caller.ts';
import { parsePeerRange, parseProxyRange } from '../../src/access/peer-range.ts';
import { GitPubSubError } from '../../src/core/errors.ts';
import { selectPrefixes, selects, type Selection } from '../../src/core/selection.ts';
import { parseTopic } from '../../src/core/topic.ts';
import {
  createSelectAgain,
  identifyCaller,
  readCredentials,
  requirePublisher,
  requireReader,
  requireWatcher,
} from '../../src/http/caller.ts';
import { createHttpContext } from '../support/http-context.ts';
import { readSampleRules, type SampleAccess } from '../support/sample-access.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { createRequestHead } from '../support/fake-http.ts';
import { OWN_PAGE } from '../support/own-page.ts';

const LISTED = 'https://listed.example';
const [TRUSTED, STRANGER, PROXY, NARROWED] = ['127.0.0.1', '192.0.2.1', '127.7.7.7', '127.0.0.2'];

const ACCESS: SampleAccess = {
  private: ['/secret'],
  principals: {
    ci: { tokens: [{ token: 'ci' }], publish: ['/json/ci', '/secret'] },
    reader: { tokens: [{ token: 'reader' }], subscribe: ['/secret/ours'] },
  },
  peers: [{ addresses: [NARROWED], publish: ['/json'] }],
};
const NO_TOKENS: SampleAccess = { private: ['/secret'], peers: ACCESS.peers ?? [] };

function createPolicy(access: SampleAccess | 'no file'): AccessPolicy {
  return new AccessPolicy(
    {
      trustedPeers: ['127.0.0.0/24'].map(parsePeerRange),
      trustedProxies: [PROXY].map(parseProxyRange),
      access: access === 'no file' ? undefined : readSampleRules(access),
    },
    new FakeClock(),
  );
}

interface Given {
  readonly address?: string;
  readonly token?: string;
  readonly method?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly access?: SampleAccess | 'no file';
}

const TOPICS = ['/json', '/json/ci', '/secret', '/secret/ours', '/'].map(parseTopic);

/** What becomes of publishing to, and reading, some topics, and of metrics. */
function outcomesOf(given: Given): Record<'publish' | 'read' | 'metrics', string> {
  const context = createHttpContext({
    accessPolicy: createPolicy(given.access ?? ACCESS),
    corsOrigins: [LISTED],
  });
  const caller = callerOf(given);
  const codesOf = (act: (topic: (typeof TOPICS)[number]) => void): string =>
    TOPICS.map((topic) => codeOf(() => act(topic))).join(' ');
  return {
    publish: codesOf((topic) => requirePublisher(context, caller, topic)),
    read: codesOf((topic) => requireReader(context, caller, [topic])),
    metrics: codeOf(() => requireWatcher(context, caller)),
  };
}

function callerOf({
  address = STRANGER,
  token,
  method = 'GET',
  headers = [],
  access = ACCESS,
}: Given): Caller {
  const context = createHttpContext({ accessPolicy: createPolicy(access), corsOrigins: [LISTED] });
  const sent = token === undefined ? headers : [...headers, ['authorization', `Bearer ${token}`] as const];
  return identifyCaller(context, createRequestHead({ method, headers: sent }), { address, isProxy: false });
}

function codeOf(act: () => void): string {
  const error = errorOf(act);
  if (error === undefined) return 'yes';
  return error.code === 'unauthorized' ? '401' : error.code;
}

function errorOf(act: () => void): GitPubSubError | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof GitPubSubError) return error;
    throw error;
  }
}

const NO = 'publish-forbidden';
const HIDDEN = 'read-forbidden';

describe('what a caller may: publish to, and read, /json, /json/ci, /secret, /secret/ours and /; metrics', () => {
  test.each<[string, Given, string, string, string]>([
    ['a stranger', {}, '401 401 401 401 401', 'yes yes 401 401 yes', '401'],
    ['a trusted peer', { address: TRUSTED }, 'yes yes yes yes yes', 'yes yes 401 401 yes', 'yes'],
    ['a narrowed peer', { address: NARROWED }, 'yes yes 401 401 401', 'yes yes 401 401 yes', '401'],
    [
      'a publisher',
      { token: 'ci' },
      `${NO} yes yes yes ${NO}`,
      `yes yes ${HIDDEN} ${HIDDEN} yes`,
      'metrics-forbidden',
    ],
    [
      'a reader',
      { token: 'reader' },
      `${NO} ${NO} ${NO} ${NO} ${NO}`,
      `yes yes ${HIDDEN} yes yes`,
      'metrics-forbidden',
    ],
    [
      'a stranger where there are no tokens',
      { access: NO_TOKENS },
      `${NO} ${NO} ${NO} ${NO} ${NO}`,
      `yes yes ${HIDDEN} ${HIDDEN} yes`,
      'metrics-forbidden',
    ],
    [
      'a stranger without an access file',
      { access: 'no file' },
      `${NO} ${NO} ${NO} ${NO} ${NO}`,
      'yes yes yes yes yes',
      'metrics-forbidden',
    ],
    [
      'a page of another origin',
      { address: TRUSTED, headers: [['origin', 'http://x']] },
      `${NO} ${NO} ${NO} ${NO} ${NO}`,
      'yes yes 401 401 yes',
      'metrics-forbidden',
    ],
    [
      'a page of another origin with a token',
      { token: 'ci', headers: [['origin', 'http://x']] },
      `${NO} ${NO} ${NO} ${NO} ${NO}`,
      `yes yes ${HIDDEN} ${HIDDEN} yes`,
      'metrics-forbidden',
    ],
    [
      'a page of a listed origin',
      { address: TRUSTED, headers: [['origin', LISTED]] },
      'yes yes yes yes yes',
      'yes yes 401 401 yes',
      'yes',
    ],
    [
      'a page of a listed origin and another one',
      {
        address: TRUSTED,
        headers: [
          ['origin', LISTED],
          ['origin', 'http://x'],
        ],
      },
      `${NO} ${NO} ${NO} ${NO} ${NO}`,
      'yes yes 401 401 yes',
      'metrics-forbidden',
    ],
    [
      'a trusted peer that is a proxy',
      { address: TRUSTED, headers: [['via', '1.1 x']] },
      '401 401 401 401 401',
      'yes yes 401 401 yes',
      '401',
    ],
  ])('%s', (_who, given, publish, read, metrics) => {
    expect(outcomesOf(given)).toEqual({ publish, read, metrics });
  });
});

function messageOf(
  given: Given,
  act: (context: ReturnType<typeof createHttpContext>, caller: Caller) => void,
): string {
  const context = createHttpContext({
    accessPolicy: createPolicy(given.access ?? ACCESS),
    corsOrigins: [LISTED],
  });
  return errorOf(() => act(context, callerOf(given)))?.message ?? 'none';
}

const publishing = (given: Given): string =>
  messageOf(given, (context, caller) => requirePublisher(context, caller, parseTopic('/x')));
const reading = (given: Given): string =>
  messageOf(given, (context, caller) =>
    requireReader(context, caller, [parseTopic('/a'), parseTopic('/secret')]),
  );

describe('a refusal', () => {
  test('of a stranger says what a token is needed for, and who it is taken for', () => {
    expect(publishing({})).toBe('Publishing to /x needs a token; 192.0.2.1 alone has no right to it.');
    expect(reading({})).toBe(
      'Reading /secret, which is private, needs a token; 192.0.2.1 alone has no right to it.',
    );
  });

  test('of a principal says what it may, and nothing of others', () => {
    expect(publishing({ token: 'ci' })).toBe(
      'The principal ci may not publish to /x; it may publish at and below /json/ci, /secret.',
    );
    expect(publishing({ token: 'reader' })).toMatch(/it may publish nowhere\.$/);
    expect(reading({ token: 'ci' })).toBe('The principal ci may not read /secret, which is private.');
  });

  test('of reading where there are no tokens does not speak of trustedPeers', () => {
    expect(reading({ access: NO_TOKENS })).toBe('192.0.2.1 may not read /secret, which is private.');
  });

  test('of publishing where there are no tokens does', () => {
    expect(publishing({ access: NO_TOKENS })).toMatch(/^192\.0\.2\.1 is not in trustedPeers;/);
  });

  test('of a proxy that nobody listed says so, where a token would help and where not', () => {
    const given: Given = { address: TRUSTED, headers: [['x-forwarded-for', '10.0.0.1']] };
    for (const message of [publishing(given), reading(given), reading({ ...given, access: NO_TOKENS })])
      expect(message).toContain('If it is a proxy, list 127.0.0.1 in trustedProxies');
  });

  test('of an address in the access file that sends a header of proxies says so', () => {
    const given: Given = {
      address: STRANGER,
      access: { private: ['/secret'], peers: [{ addresses: [STRANGER], subscribe: ['/secret'] }] },
    };
    expect(reading(given)).toBe('none');
    expect(reading({ ...given, headers: [['via', '1.1 x']] })).toMatch(
      /^192\.0\.2\.1 has rights, but sent a header of proxies .* list 192\.0\.2\.1 in trustedProxies/,
    );
  });

  test('of a page of another origin names corsOrigins', () => {
    expect(publishing({ token: 'ci', headers: [['origin', 'http://x']] })).toMatch(
      /^Pages of http:\/\/x .*corsOrigins/,
    );
  });
});

test.each([
  [[OWN_PAGE], ['c']],
  [[], []],
] as const)('the cookie of a request counts for a page of this broker: %j', (headers, expected) => {
  const head = createRequestHead({ headers: [['cookie', 'c'], ...headers] });
  expect(readCredentials(head).cookie).toEqual(expected);
});

describe('an open stream', () => {
  const everything = [parseTopic('/')];

  function readOn(
    given: Given,
    access: SampleAccess | 'no file',
    prefixes = everything,
  ): Selection | undefined {
    const caller = callerOf(given);
    return createSelectAgain(createPolicy(access))(
      selectPrefixes(prefixes, { hidden: caller.hidden }),
      caller.id,
    );
  }

  function mayGoOn(...given: Parameters<typeof readOn>): boolean {
    return readOn(...given) !== undefined;
  }

  test.each<[string, Given]>([
    ['a stranger', {}],
    ['a reader', { token: 'reader' }],
    ['a trusted peer', { address: TRUSTED }],
  ])('of %s may go on when nothing changed', (_who, given) => {
    expect(mayGoOn(given, ACCESS)).toBe(true);
  });

  test('may not when its token is gone', () => {
    expect(mayGoOn({ token: 'reader' }, NO_TOKENS)).toBe(false);
  });

  test('may not when more is hidden from it', () => {
    expect(mayGoOn({}, { ...ACCESS, private: ['/secret', '/json'] })).toBe(false);
    expect(mayGoOn({}, { ...ACCESS, private: ['/'] })).toBe(false);
  });

  test('may when what is hidden now is none of it', () => {
    expect(mayGoOn({}, { ...ACCESS, private: ['/secret', '/json'] }, [parseTopic('/other')])).toBe(true);
  });

  test('may when less is hidden from it', () => {
    expect(mayGoOn({}, { ...ACCESS, private: ['/secret/theirs'] })).toBe(true);
    expect(mayGoOn({}, 'no file')).toBe(true);
  });

  test('reads from then on what was opened to it', () => {
    const secret = { topic: parseTopic('/secret/theirs'), payload: '{}' };
    const [before, after] = [readOn({}, ACCESS), readOn({}, { ...ACCESS, private: ['/secret/ours'] })];
    expect(before && selects(before, secret)).toBe(false);
    expect(after && selects(after, secret)).toBe(true);
  });

  test('is not judged by another one, whose reader or topics differ', () => {
    const ci = { tokens: [{ token: 'ci' }], subscribe: ['/json'] };
    const again = createSelectAgain(
      createPolicy({ private: ['/secret', '/json'], principals: { ...ACCESS.principals, ci } }),
    );
    const judge = (given: Given, prefixes = everything): boolean => {
      const { hidden, id } = callerOf(given);
      return again(selectPrefixes(prefixes, { hidden }), id) !== undefined;
    };
    for (const _again of [1, 2]) {
      expect([judge({}), judge({}, [parseTopic('/other')])]).toEqual([false, true]);
      expect([judge({ token: 'reader' }), judge({ token: 'ci' })]).toEqual([false, true]);
    }
  });
});

// Who may do what: every way to publish and to read × principals × topics, against a slow model of the access file.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeAccessFile, type SampleAccess } from '../support/sample-access.ts';
import { isAtOrBelow, mayPublish, maySee, type ModelRights } from '../support/access-model.ts';
import { BrokerProcess } from '../support/broker-process.ts';
import { expectProblem } from '../support/problem-details.ts';
import { request, type RawResponse, type RequestOptions } from '../support/raw-http.ts';
import { readPoll } from '../support/poll.ts';
import { StreamReader } from '../support/stream-reader.ts';

type Headers = readonly (readonly [string, string])[];

const PRIVATES = ['/team', '/open/secret'];
const TOPICS = ['/open', '/team', '/team/ours/x', '/team/theirs', '/open/secret', '/teams', '/'];
const OUTSIDE = '127.0.9.9';
const [TRUSTED, NARROWED, READING, PROXY] = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.7.7'];
const ALL: ModelRights = { publish: ['/'], subscribe: ['/'] };
const NONE: ModelRights = { publish: [], subscribe: [] };

const ACCESS: SampleAccess = {
  private: PRIVATES,
  principals: {
    operator: {
      tokens: [{ token: 'operator' }, { token: 'expired', expires: '2020-01-01' }],
      ...ALL,
      statistics: true,
    },
    team: { tokens: [{ token: 'team' }], subscribe: PRIVATES },
    ours: {
      tokens: [{ token: 'ours' }, { token: 'ours-too', expires: '2999-12-31' }],
      subscribe: ['/team/ours'],
    },
    publisher: { tokens: [{ token: 'publisher' }], publish: ['/team/ours', '/open'] },
    nobody: { tokens: [{ token: 'nobody' }] },
    watcher: { tokens: [{ token: 'watcher' }], statistics: true },
  },
  peers: [
    { addresses: [NARROWED], publish: ['/open'] },
    { addresses: [READING], subscribe: ['/team'], statistics: true },
  ],
};

interface Principal {
  readonly who: string;
  readonly address: string;
  readonly headers: Headers;
  /** `none`: more credentials may help; `token`: it is known; `wrong`: nothing is done for it; `page`: of another origin. */
  readonly kind: 'none' | 'token' | 'wrong' | 'page';
  readonly rights: ModelRights;
  readonly seesNumbers: boolean;
}

function stranger(who: string, address: string, headers: Headers = []): Principal {
  return { who, address, headers, kind: 'none', rights: NONE, seesNumbers: false };
}

function wrong(who: string, address: string, headers: Headers): Principal {
  return { ...stranger(who, address, headers), kind: 'wrong' };
}

function known(
  who: string,
  token: string,
  rights: Partial<ModelRights>,
  others: Partial<Principal> = {},
): Principal {
  const headers: Headers = [['Authorization', `Bearer ${token}`]];
  return { ...stranger(who, OUTSIDE, headers), kind: 'token', ...others, rights: { ...NONE, ...rights } };
}

function basic(user: string, password: string): Headers {
  return [['Authorization', `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`]];
}

const trusted: ModelRights = { publish: ['/'], subscribe: [] };
const OURS = { subscribe: ['/team/ours'] };
const PRINCIPALS: readonly Principal[] = [
  stranger('a stranger', OUTSIDE),
  stranger('a stranger that claims to be a trusted address', OUTSIDE, [['X-Forwarded-For', TRUSTED]]),
  stranger('a trusted address that is a proxy', TRUSTED, [['X-Forwarded-For', TRUSTED]]),
  stranger('an address with rights that is a proxy', READING, [['Via', '1.1 somebody']]),
  stranger('a stranger behind a trusted proxy', PROXY, [['X-Forwarded-For', `${READING}, ${OUTSIDE}`]]),
  stranger('a cookie of somebody else', OUTSIDE, [['Cookie', 'token=operator']]),
  stranger('a cookie that a page of a neighbour makes a browser send', OUTSIDE, [
    ['Cookie', 'gitpubsub_token=operator'],
    ['Sec-Fetch-Site', 'same-site'],
  ]),
  wrong('a password that a page of another origin makes a browser send', OUTSIDE, [
    ...basic('x', 'operator'),
    ['Sec-Fetch-Site', 'cross-site'],
  ]),
  wrong('a wrong token', OUTSIDE, [['Authorization', 'Bearer nothing']]),
  wrong('a wrong token from a trusted address', TRUSTED, [['Authorization', 'Bearer nothing']]),
  wrong('an expired token', OUTSIDE, [['Authorization', 'Bearer expired']]),
  wrong('a token in a scheme that is none', OUTSIDE, [['Authorization', 'Token operator']]),
  wrong('a token as the user, not the password', OUTSIDE, basic('operator', '')),
  wrong('an empty Authorization from a trusted address', TRUSTED, [['Authorization', '']]),
  wrong('two tokens', OUTSIDE, [
    ['Authorization', 'Bearer operator'],
    ['Authorization', 'Bearer operator'],
  ]),
  known('an operator', 'operator', ALL, { seesNumbers: true }),
  known('a reader of what is private', 'team', { subscribe: PRIVATES }),
  known('a reader of a part', 'ours', OURS),
  known('a reader of a part, by its other token', 'ours-too', OURS),
  known('a reader of a part, by Basic', '', OURS, { headers: basic('anybody', 'ours') }),
  known('a publisher', 'publisher', { publish: ['/team/ours', '/open'] }),
  known('a token without rights', 'nobody', NONE),
  known('a token for numbers', 'watcher', NONE, { seesNumbers: true }),
  known(
    'a reader from a trusted address',
    'ours',
    { ...trusted, ...OURS },
    { address: TRUSTED, seesNumbers: true },
  ),
  known('a reader from a narrowed address', 'ours', { publish: ['/open'], ...OURS }, { address: NARROWED }),
  { ...stranger('a trusted address', TRUSTED), rights: trusted, seesNumbers: true },
  { ...stranger('a narrowed address', NARROWED), rights: { ...NONE, publish: ['/open'] } },
  {
    ...stranger('an address that may read', READING),
    rights: { ...NONE, subscribe: ['/team'] },
    seesNumbers: true,
  },
  {
    ...stranger('the same behind a trusted proxy', PROXY, [['X-Forwarded-For', READING]]),
    rights: { ...NONE, subscribe: ['/team'] },
    seesNumbers: true,
  },
  { ...stranger('a page of another origin', TRUSTED, [['Origin', 'http://evil.example']]), kind: 'page' },
  {
    ...known('a page of another origin with a token', 'operator', { subscribe: ['/'] }),
    headers: [
      ['Origin', 'http://evil.example'],
      ['Authorization', 'Bearer operator'],
    ],
  },
];

interface Published {
  readonly topic: string;
  readonly n: number;
}

const published: Published[] = [];
let broker: BrokerProcess;
/** Before the first event. */
let startCursor = '';

beforeAll(async () => {
  broker = await BrokerProcess.start({
    files: { 'access.json': composeAccessFile(ACCESS) },
    flags: [
      '--access-file',
      'access.json',
      '--trusted-peers',
      `${TRUSTED},${NARROWED}`,
      '--trusted-proxies',
      PROXY,
    ],
  });
  startCursor = readPoll(await send(OPERATOR, { path: '/?poll=1' })).cursor;
  await publishEverywhere();
});
afterAll(async () => {
  await broker.dispose();
});

const OPERATOR = known('an operator', 'operator', ALL);

function send({ address, headers }: Principal, options: RequestOptions): Promise<RawResponse> {
  return request(broker.target, {
    ...options,
    localAddress: address,
    headers: [...headers, ...(options.headers ?? [])],
  });
}

async function publishTo(who: Principal, topic: string): Promise<number> {
  const n = published.length + 1;
  const body = JSON.stringify({
    n,
    commit: { project: 'widget', hash: 'ad418cbe30939d6f5c6480b29924bac6620d5777' },
  });
  const { statusCode } = await send(who, { method: 'POST', path: topic, body });
  if (statusCode === 200) published.push({ topic, n });
  return statusCode;
}

/** One event for each topic. */
async function publishEverywhere(): Promise<void> {
  for (const topic of TOPICS) expect(await publishTo(OPERATOR, topic)).toBe(200);
}

function expectedStatus({ kind }: Principal, isAllowed: boolean): number {
  if (kind === 'wrong') return 401;
  if (isAllowed) return 200;
  return kind === 'token' ? 403 : 401;
}

/** What it sees of these topics, or the status that refuses it. */
function expectedReading(principal: Principal, topics: readonly string[], after = 0): number[] | number {
  const canSee = (path: string): boolean => maySee(PRIVATES, principal.rights, path);
  const status = expectedStatus(principal, topics.every(canSee));
  if (status !== 200) return status;
  return published
    .filter(
      ({ topic, n }) => n > after && topics.some((prefix) => isAtOrBelow(prefix, topic)) && canSee(topic),
    )
    .map(({ n }) => n);
}

function numbersOf(texts: readonly string[]): number[] {
  return texts.map((text) => (JSON.parse(text) as { n: number }).n);
}

async function pollAs(principal: Principal, path: string, headers: Headers = []): Promise<number[] | number> {
  const response = await send(principal, { path, headers });
  if (response.statusCode === 200) return numbersOf(readPoll(response).events);
  expectProblem(response, response.statusCode);
  return response.statusCode;
}

interface PollCase {
  readonly how: string;
  readonly pathOf: (topic: string) => string;
  readonly headersOf?: () => Headers;
}

const FORMATS = ['gitpubsub', 'ndjson', 'sse'];

const POLLS: readonly PollCase[] = [
  { how: 'a poll since a time', pathOf: (topic) => `${topic}?poll=1&since=0` },
  {
    how: 'a poll since a time in a header',
    pathOf: (topic) => `${topic}?poll=1`,
    headersOf: () => [['X-Fetch-Since', '0']],
  },
  { how: 'a poll as NDJSON', pathOf: (topic) => `${topic}?poll=1&since=0&format=ndjson` },
  { how: 'a poll after a cursor', pathOf: (topic) => `${topic}?poll=1&cursor=${startCursor}` },
  {
    how: 'a poll after a cursor in a header',
    pathOf: (topic) => `${topic}?poll=1`,
    headersOf: () => [['Last-Event-ID', startCursor]],
  },
  { how: 'the newest events', pathOf: (topic) => `${topic}?poll=1&last=1000` },
  { how: 'a filter', pathOf: (topic) => `${topic}?poll=1&since=0&project=widget` },
  { how: 'a filter by hash', pathOf: (topic) => `${topic}?poll=1&since=0&hash=ad418cbe` },
  { how: 'the newest events of a filter', pathOf: (topic) => `${topic}?poll=1&last=1000&type=commit` },
  { how: 'another spelling', pathOf: (topic) => `/${topic}//*?poll=1&since=0` },
  { how: 'percent-encoding', pathOf: (topic) => `${topic.replace('e', '%65')}?poll=1&since=0` },
];

describe.each(PRINCIPALS)('$who', (principal) => {
  it('publishes where it may', async () => {
    const isPage = principal.headers.some(([name]) => name === 'Origin');
    for (const topic of TOPICS) {
      const status = expectedStatus(principal, mayPublish(principal.rights, topic));
      const expected = isPage ? 403 : status;
      expect([topic, await publishTo(principal, topic)]).toEqual([topic, expected]);
    }
  });

  it.each(POLLS)('reads what it may: $how', async ({ pathOf, headersOf }) => {
    for (const topic of TOPICS)
      expect([topic, await pollAs(principal, pathOf(topic), headersOf?.())]).toEqual([
        topic,
        expectedReading(principal, [topic]),
      ]);
  });

  it('reads what it may: several topics', async () => {
    for (const topic of TOPICS) {
      const found = await pollAs(principal, `/teams?poll=1&since=0&topic=${topic}&topic=/nothing`);
      expect([topic, found]).toEqual([topic, expectedReading(principal, ['/teams', topic])]);
    }
  });

  it('reads what it may: page by page from the newest on', async () => {
    for (const topic of TOPICS) {
      const expected = expectedReading(principal, [topic]);
      const first = await send(principal, { path: `${topic}?poll=1&last=2` });
      if (typeof expected === 'number') expect([topic, first.statusCode]).toEqual([topic, expected]);
      else expect([topic, await readBackwards(principal, topic, first)]).toEqual([topic, expected]);
    }
  });

  it('is answered HEAD where it may read, with numbers if it may see them', async () => {
    for (const topic of TOPICS) {
      const expected = expectedStatus(principal, maySee(PRIVATES, principal.rights, topic));
      const head = await send(principal, { method: 'HEAD', path: topic });
      expect([topic, head.statusCode]).toEqual([topic, expected]);
      const hasNumbers = head.header('x-subscribers') !== undefined;
      expect([topic, hasNumbers]).toEqual([topic, expected === 200 && principal.seesNumbers]);
    }
  });

  it('gets the page, which is the same for all and holds nothing of a topic', async () => {
    const accept = [['Accept', 'text/html'] as const];
    const { body } = await send(OPERATOR, { path: '/open', headers: accept });
    for (const topic of TOPICS) {
      const page = await send(principal, { path: topic, headers: accept });
      expect([topic, page.statusCode, page.body.equals(body)]).toEqual([topic, 200, true]);
    }
  });

  it('gets metrics if it may', async () => {
    const { statusCode } = await send(principal, { path: '/-/metrics' });
    const expected = principal.headers.some(([name]) => name === 'Origin')
      ? 403
      : expectedStatus(principal, principal.seesNumbers);
    expect(statusCode).toBe(expected);
  });
});

/** All events there are, in order, fetched two at a time from the newest on. */
async function readBackwards(principal: Principal, topic: string, newest: RawResponse): Promise<number[]> {
  const pages = [numbersOf(readPoll(newest).events)];
  for (let before = newest.header('x-before'); before !== undefined;) {
    const page = await send(principal, { path: `${topic}?poll=1&last=2&before=${before}` });
    pages.unshift(numbersOf(readPoll(page).events));
    before = page.header('x-before');
  }
  return pages.flat();
}

/** Opens a stream; resolves with the status if it is refused. */
async function openStream(
  principal: Principal,
  topic: string,
  query: string,
): Promise<StreamReader | number> {
  const { address: localAddress, headers } = principal;
  const path = `${topic}?${query}`;
  const isRefused = typeof expectedReading(principal, [topic]) === 'number';
  if (isRefused) return (await send(principal, { path })).statusCode;
  return StreamReader.open(broker.target, path, { localAddress, headers });
}

/** What a stream got up to the event that was published last to its topic, which nobody misses who has the stream. */
async function numbersUpTo(stream: StreamReader | number, end: number): Promise<number[] | number> {
  if (typeof stream === 'number') return stream;
  await stream.waitFor(() => (numbersOf(stream.events).includes(end) ? true : undefined), `event ${end}`);
  stream.close();
  const numbers = numbersOf(stream.events);
  return numbers.slice(0, numbers.indexOf(end) + 1);
}

const streamCases = FORMATS.flatMap((format) =>
  (['live', 'replayed and live'] as const).map((how) => [format, how] as const),
);
describe.each(streamCases)('a stream in the format %s, %s', (format, how) => {
  it.each(TOPICS)('of %s shows everybody what it may see', async (topic) => {
    const query = `format=${format}${how === 'live' ? '' : '&since=0'}`;
    const begin = how === 'live' ? published.length : 0;
    const streams = await Promise.all(PRINCIPALS.map((principal) => openStream(principal, topic, query)));
    await publishEverywhere();
    await publishEverywhere();
    const end = published.findLast((event) => event.topic === topic)?.n ?? 0;
    for (const [index, principal] of PRINCIPALS.entries()) {
      const expected = expectedReading(principal, [topic], begin);
      const upToEnd = typeof expected === 'number' ? expected : expected.filter((n) => n <= end);
      expect([principal.who, await numbersUpTo(streams[index] ?? 0, end)]).toEqual([principal.who, upToEnd]);
    }
  });
});

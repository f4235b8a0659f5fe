// Private events: whatever is asked for, in whatever way, nobody is shown one without the right, and nobody misses others.
import { expect, test, vi } from 'vitest';
import { composeAccessFile, type SampleAccess } from '../support/sample-access.ts';
import { isAtOrBelow, maySee, type ModelRights } from '../support/access-model.ts';
import { Publisher } from '../support/publisher.ts';
import type { Random } from '../support/random.ts';
import { request, type RawResponse, type Target } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';
import { withBroker } from '../support/with-broker.ts';
import { OWN_PAGE } from '../support/own-page.ts';
import { describeCase, fuzzTimeoutMs, randomOf, shareOfCases } from './cases.ts';
import { pick } from './texts.ts';

vi.setConfig({ testTimeout: fuzzTimeoutMs });

const caseCount = shareOfCases(0.03);
/** Cases for one broker with rules of its own. */
const ROUND_CASES = 150;
const EVENTS_FIRST = 40;
const [OUTSIDE, READING] = ['127.0.9.9', '127.0.0.3'];
const SEGMENTS = ['a', 'a', 'b', 'a%2Fb', '%2525'];
const PROJECTS = ['widget', 'gadget'];
const FORMATS = ['gitpubsub', 'ndjson', 'sse'];

/** What the broker says it has stored. */
interface Stored {
  readonly offset: number;
  readonly cursor: string;
  readonly timestamp: number;
  readonly path: string;
  readonly project: string;
  /** In no other event. */
  readonly secret: string;
}

interface Reader {
  readonly token: string | undefined;
  readonly address: string;
  readonly rights: ModelRights;
}

interface Rules {
  readonly privates: readonly string[];
  readonly readers: readonly Reader[];
  readonly access: SampleAccess;
}

/** What is asked for, and which of the events it is. */
interface Question {
  readonly reader: Reader;
  readonly prefixes: readonly string[];
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly method: string;
  /** Of those that the reader may see at its prefixes, in order, those that must come. */
  readonly choose: (visible: readonly Stored[]) => readonly Stored[];
}

interface Open {
  readonly reader: Reader;
  readonly prefixes: readonly string[];
  readonly begin: number;
  readonly stream: StreamReader;
}

function makePath(random: Random): string {
  return `/${Array.from({ length: random.below(4) }, () => pick(random, SEGMENTS)).join('/')}`;
}

function makePaths(random: Random, most: number): string[] {
  return Array.from({ length: random.below(most + 1) }, () => makePath(random));
}

function makeRules(random: Random): Rules {
  const privates = makePaths(random, 4);
  const addressSees = makePaths(random, 2);
  const tokens = ['one', 'two', 'three', 'four'].map((token) => ({ token, sees: makePaths(random, 3) }));
  const stranger = { token: undefined, address: OUTSIDE, rights: { publish: [], subscribe: [] } };
  return {
    privates,
    access: {
      private: privates,
      principals: Object.fromEntries(
        tokens.map(({ token, sees }) => [`reader-${token}`, { tokens: [{ token }], subscribe: sees }]),
      ),
      peers: [{ addresses: [READING], subscribe: addressSees }],
    },
    readers: [
      stranger,
      { ...stranger, address: '127.0.0.1' },
      { ...stranger, address: READING, rights: { publish: [], subscribe: addressSees } },
      ...tokens.flatMap(({ token, sees }) => [
        { token, address: OUTSIDE, rights: { publish: [], subscribe: sees } },
        { token, address: READING, rights: { publish: [], subscribe: [...sees, ...addressSees] } },
      ]),
    ],
  };
}

function headersOf(random: Random, { token }: Reader): (readonly [string, string])[] {
  if (token === undefined) return [];
  const basic = Buffer.from(`${pick(random, ['', 'me', 'a b'])}:${token}`).toString('base64');
  return pick<(readonly [string, string])[]>(random, [
    [['Authorization', `Bearer ${token}`]],
    [['authorization', `Basic ${basic}`]],
    [['Cookie', `a=1; gitpubsub_token=${token}`], OWN_PAGE],
  ]);
}

/** Where a poll begins and ends, in its query. */
function makePart(random: Random, stored: readonly Stored[]): [string, Question['choose']] {
  const one = pick(random, stored);
  const count = 1 + random.below(8);
  return pick<[string, Question['choose']]>(random, [
    ['since=0', (visible) => visible],
    [`since=${one.timestamp}`, (visible) => visible.filter(({ timestamp }) => timestamp >= one.timestamp)],
    [`cursor=${one.cursor}`, (visible) => visible.filter(({ offset }) => offset > one.offset)],
    [`last=${count}`, (visible) => visible.slice(-count)],
    [
      `last=${count}&before=${one.cursor}`,
      (visible) => visible.filter(({ offset }) => offset < one.offset).slice(-count),
    ],
    ['', () => []],
  ]);
}

function makeQuestion(random: Random, { readers }: Rules, stored: readonly Stored[]): Question {
  const reader = pick(random, readers);
  const prefixes = [makePath(random), ...(random.oneIn(3) ? makePaths(random, 2) : [])];
  const [part, choosePart] = makePart(random, stored);
  const project = random.oneIn(3) ? pick(random, PROJECTS) : undefined;
  const topics = prefixes.slice(1).map((prefix) => `topic=${encodeURIComponent(prefix)}`);
  const filter = project === undefined ? [] : [`project=${project}`];
  const format = random.oneIn(2) ? ['format=ndjson'] : [];
  const [first = ''] = prefixes;
  const spelt = pick(random, [first, `/${first}`, `${first}/`, `${first}/*`, first.replace('/a', '/%61')]);
  return {
    reader,
    prefixes,
    path: `${spelt}?${['poll=1', part, ...topics, ...filter, ...format].filter(Boolean).join('&')}`,
    headers: headersOf(random, reader),
    method: random.oneIn(10) ? 'HEAD' : 'GET',
    choose: (visible) =>
      choosePart(visible.filter((event) => project === undefined || event.project === project)),
  };
}

function isAllowed({ privates }: Rules, { rights }: Reader, prefixes: readonly string[]): boolean {
  return prefixes.every((prefix) => maySee(privates, rights, prefix));
}

function visibleTo(
  { privates }: Rules,
  { rights }: Reader,
  prefixes: readonly string[],
  stored: readonly Stored[],
): Stored[] {
  return stored.filter(
    ({ path }) => prefixes.some((prefix) => isAtOrBelow(prefix, path)) && maySee(privates, rights, path),
  );
}

function secretsIn(text: string): string[] {
  return text.match(/hush-\d+-\d+/g) ?? [];
}

function expectAnswer(
  rules: Rules,
  question: Question,
  response: RawResponse,
  stored: readonly Stored[],
): void {
  const { reader, prefixes, method, choose } = question;
  const isHead = method === 'HEAD';
  const shown = [secretsIn(response.text), secretsIn([...response.head.headers.values()].flat().join('\n'))];
  // HEAD looks at its path alone.
  if (!isAllowed(rules, reader, isHead ? prefixes.slice(0, 1) : prefixes)) {
    expect([response.statusCode, ...shown]).toEqual([reader.token === undefined ? 401 : 403, [], []]);
    return;
  }
  const expected = isHead
    ? []
    : choose(visibleTo(rules, reader, prefixes, stored)).map(({ secret }) => secret);
  expect([response.statusCode, ...shown]).toEqual([200, expected, []]);
}

async function publishOne(random: Random, publisher: Publisher, stored: Stored[]): Promise<void> {
  const [path, project] = [makePath(random), pick(random, PROJECTS)];
  const secret = `hush-${stored.length}-${random.below(1_000_000)}`;
  const body = JSON.stringify({ commit: { project, subject: secret } });
  const { cursor, timestamp } = await publisher.publish(path, body);
  stored.push({ offset: stored.length + 1, cursor, timestamp, path, project, secret });
}

/** Streams of every reader, live and replayed, in every format, where it may have one. */
async function openStreams(
  random: Random,
  target: Target,
  rules: Rules,
  stored: readonly Stored[],
): Promise<Open[]> {
  const wanted = rules.readers.flatMap((reader) =>
    FORMATS.map((format) => ({ reader, format, prefixes: [makePath(random), '/'].slice(random.below(2)) })),
  );
  const allowed = wanted.filter(({ reader, prefixes }) => isAllowed(rules, reader, prefixes));
  return Promise.all(
    allowed.map(async ({ reader, format, prefixes }): Promise<Open> => {
      const isReplayed = random.oneIn(2);
      const topics = prefixes.slice(1).map((prefix) => `&topic=${prefix}`);
      const path = `${prefixes[0]}?format=${format}${isReplayed ? '&since=0' : ''}${topics.join('')}`;
      const headers = headersOf(random, reader);
      const stream = await StreamReader.open(target, path, { headers, localAddress: reader.address });
      return { reader, prefixes, begin: isReplayed ? 0 : stored.length, stream };
    }),
  );
}

async function expectStreams(
  rules: Rules,
  streams: readonly Open[],
  stored: readonly Stored[],
): Promise<void> {
  const newest = stored.at(-1)?.timestamp ?? 0;
  for (const { reader, prefixes, begin, stream } of streams) {
    // A keep-alive never passes an event that is still to come. [P12]
    await stream.waitFor(
      () => ((stream.lastKeepAlive()?.seconds ?? 0) > newest ? true : undefined),
      'a keep-alive',
    );
    stream.close();
    const expected = visibleTo(rules, reader, prefixes, stored).filter(({ offset }) => offset > begin);
    expect(secretsIn(stream.response.text)).toEqual(expected.map(({ secret }) => secret));
  }
}

/** A broker with rules of its own: some events, streams, questions while more events come, and what the streams got. */
async function runRound(first: number, end: number): Promise<void> {
  const random = randomOf(first);
  const rules = makeRules(random);
  const options = { files: { 'access.json': composeAccessFile(rules.access) } };
  const flags = ['--access-file', 'access.json', '--durability', 'normal', '--keep-alive-seconds', '0.2'];
  await withBroker(
    flags,
    async (broker) => {
      const stored: Stored[] = [];
      const publisher = await Publisher.open(broker.target);
      for (let count = 0; count < EVENTS_FIRST; count += 1) await publishOne(random, publisher, stored);
      const streams = await openStreams(random, broker.target, rules, stored);
      for (let index = first; index < end; index += 1) {
        const question = makeQuestion(random, rules, stored);
        const { method, path, headers, reader } = question;
        const response = await request(broker.target, {
          method,
          path,
          headers,
          localAddress: reader.address,
        });
        try {
          expectAnswer(rules, question, response, stored);
        } catch (error) {
          throw new Error(describeCase(index, { rules, question, stored }), { cause: error });
        }
        if (random.oneIn(3)) await publishOne(random, publisher, stored);
      }
      publisher.close();
      await expectStreams(rules, streams, stored).catch((error: unknown) => {
        throw new Error(describeCase(first, rules), { cause: error });
      });
      expect(secretsIn(broker.stdout + broker.stderr)).toEqual([]);
    },
    options,
  );
}

test('nobody is shown a private event without the right, and everybody all else', async () => {
  for (let first = 0; first < caseCount; first += ROUND_CASES)
    await runRound(first, Math.min(first + ROUND_CASES, caseCount));
});

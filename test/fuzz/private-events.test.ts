// Private events: whatever is asked for, in whatever way, nobody is shown one without the right, and nobody misses others; also
// not when the rights change.
import { expect, test, vi } from 'vitest';
import { composeAccessFile, type SampleAccess } from '../support/sample-access.ts';
import { isAtOrBelow, maySee, type ModelRights } from '../support/access-model.ts';
import { Publisher } from '../support/publisher.ts';
import type { Random } from '../support/random.ts';
import { withReloadableBroker } from '../support/reloadable-broker.ts';
import { request, type RawResponse, type Target } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';
import { OWN_PAGE } from '../support/own-page.ts';
import { describeCase, fuzzTimeoutMs, randomOf, shareOfCases } from './cases.ts';
import { pick } from './texts.ts';

vi.setConfig({ testTimeout: fuzzTimeoutMs });

const caseCount = shareOfCases(0.03);
/** Cases for one broker with rules of its own. */
const ROUND_CASES = 150;
const EVENTS_FIRST = 40;
/** Events under the rules of the end, after a reload. */
const EVENTS_LAST = 20;
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

/** Rules, and the number of events that were stored before they held. */
interface Period {
  readonly rules: Rules;
  readonly begin: number;
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

/** Waits until each has all that there is for it. */
async function waitForStreams(streams: readonly Open[], stored: readonly Stored[]): Promise<void> {
  const newest = stored.at(-1)?.timestamp ?? 0;
  // A keep-alive never passes an event that is still to come. [P12]
  for (const { stream } of streams)
    await stream.waitFor(
      () => ((stream.lastKeepAlive()?.seconds ?? 0) > newest ? true : undefined),
      'a keep-alive',
    );
}

/** What each has got is what its reader could see when it was stored, or when the stream began. */
function expectStreams(
  periods: readonly Period[],
  streams: readonly Open[],
  stored: readonly Stored[],
): void {
  for (const { reader, prefixes, begin, stream } of streams) {
    const expected = periods.flatMap(({ rules, begin: from }, index) => {
      const to = periods[index + 1]?.begin ?? Infinity;
      const visible = visibleTo(rules, readerBy(rules, reader), prefixes, stored);
      return visible.filter(({ offset }) => offset > Math.max(begin, from) && offset <= to);
    });
    stream.close();
    expect(secretsIn(stream.response.text)).toEqual(expected.map(({ secret }) => secret));
  }
}

/** The same reader by other rules. */
function readerBy({ readers }: Rules, { token, address }: Reader): Reader {
  const found = readers.find((one) => one.token === token && one.address === address);
  if (!found) throw new TypeError('every set of rules has the same readers');
  return found;
}

/** Whether a stream shows anything that its reader may not see by other rules: looked up wherever rights begin, and below. */
function losesAnything({ reader, prefixes }: Open, before: Rules, after: Rules): boolean {
  const [one, other] = [readerBy(before, reader), readerBy(after, reader)];
  const edges = [
    before.privates,
    after.privates,
    one.rights.subscribe,
    other.rights.subscribe,
    prefixes,
  ].flat();
  const paths = edges
    .flatMap((path) => [path, `${path}/below`])
    .filter((path) => prefixes.some((prefix) => isAtOrBelow(prefix, path)));
  return paths.some(
    (path) => maySee(before.privates, one.rights, path) && !maySee(after.privates, other.rights, path),
  );
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  return [all.filter((one) => isFirst(one)), all.filter((one) => !isFirst(one))];
}

/** A broker with rules of its own: some events, streams, questions while more events come, other rules, and what the streams got. */
async function runRound(first: number, end: number): Promise<void> {
  const random = randomOf(first);
  const rules = makeRules(random);
  const flags = ['--durability', 'normal', '--keep-alive-seconds', '0.2'];
  await withReloadableBroker(
    { access: composeAccessFile(rules.access) },
    async (reloadable) => {
      const { process: broker } = reloadable;
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
      await waitForStreams(streams, stored);
      const next = makeRules(random);
      const begin = stored.length;
      await reloadable.reload({ access: composeAccessFile(next.access) });
      const [gone, others] = partition(streams, (open) => losesAnything(open, rules, next));
      for (let count = 0; count < EVENTS_LAST; count += 1) await publishOne(random, publisher, stored);
      publisher.close();
      try {
        expect(new Set(await Promise.all(gone.map(async ({ stream }) => stream.waitForEnd())))).toEqual(
          new Set(gone.map(() => 'cut')),
        );
        expectStreams([{ rules, begin: 0 }], gone, stored.slice(0, begin));
        await waitForStreams(others, stored);
        const periods = [
          { rules, begin: 0 },
          { rules: next, begin },
        ];
        expectStreams(periods, others, stored);
      } catch (error) {
        throw new Error(describeCase(first, { rules, next }), { cause: error });
      }
      expect(secretsIn(broker.stdout + broker.stderr)).toEqual([]);
    },
    { flags },
  );
}

test('nobody is shown a private event without the right, and everybody all else', async () => {
  for (let first = 0; first < caseCount; first += ROUND_CASES)
    await runRound(first, Math.min(first + ROUND_CASES, caseCount));
});

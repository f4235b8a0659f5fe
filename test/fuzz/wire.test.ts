// A broker that gets anything: it answers or closes, makes no mistake of its own, and hands on exactly what it took.

import { isDeepStrictEqual } from 'node:util';
import { expect, test, vi } from 'vitest';
import { parseTopic, topicSegments } from '../../src/core/topic.ts';
import { pollUntil } from '../support/deadline.ts';
import { publish } from '../support/publisher.ts';
import { RawConnection, request, type RawResponse, type Target } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';
import { withBroker } from '../support/with-broker.ts';
import { describeCase, fuzzTimeoutMs, randomOf, shareOfCases } from './cases.ts';
import { makeBrokenRequest, makeRequest, type FuzzRequest } from './requests.ts';

vi.setConfig({ testTimeout: fuzzTimeoutMs });

const caseCount = shareOfCases(0.1);
/** Cases for one broker and its readers, whose events are all kept until they are compared. */
const ROUND_CASES = 4_000;
const LANES = 8;
const BROKEN_AT_ONCE = 20;
const END = '"the end of this round"';
const ANSWER_DEADLINE_MS = 30_000;
const FLAGS = ['--durability', 'normal', '--log-level', 'debug', '--cors-origins', 'https://listed.example'];
const STATUSES = new Set([200, 204, 400, 403, 404, 405, 409, 413]);
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** An event that the broker said it had stored. */
interface Stored {
  readonly offset: number;
  readonly topic: readonly string[];
  readonly value: unknown;
}

/** Sends one case after the other on a connection that it opens again whenever it was closed. */
class Lane {
  readonly #target: Target;
  #connection: RawConnection | undefined;
  #broken: { readonly connection: RawConnection; readonly response: RawResponse }[] = [];

  constructor(target: Target) {
    this.#target = target;
  }

  async send({ method, bytes }: FuzzRequest): Promise<RawResponse> {
    if (this.#connection === undefined || this.#connection.isClosed)
      this.#connection = await RawConnection.open(this.#target);
    this.#connection.write(bytes);
    const response = await this.#connection.readResponse(method, ANSWER_DEADLINE_MS);
    if (response.header('connection') === 'close') this.close();
    return response;
  }

  /** Sends what may never be answered, and looks at the answers to several of those together. */
  async sendBroken(bytes: Buffer): Promise<void> {
    const connection = await RawConnection.open(this.#target);
    this.#broken.push({ connection, response: connection.expect('GET') });
    await connection.writeAll(bytes);
    if (this.#broken.length >= BROKEN_AT_ONCE) await this.checkBroken();
  }

  /** @throws if one of the broken requests was answered as if the broker had made a mistake */
  async checkBroken(): Promise<void> {
    // Why: an answer to a later request shows that these were looked at.
    await request(this.#target, { path: '/-/livez' });
    const wrong = this.#broken.filter(({ response }) => response.hasHead && isMistake(response.statusCode));
    for (const { connection } of this.#broken) connection.close();
    this.#broken = [];
    if (wrong.length > 0) throw new Error(wrong.map(({ response }) => response.describe()).join('; '));
  }

  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }
}

// The library answers 505 to what it can't read.
function isMistake(statusCode: number): boolean {
  return statusCode >= 500 && statusCode !== 503 && statusCode !== 505;
}

function readOffset(cursor: string | undefined): number {
  return Number(cursor?.split('-')[1]);
}

/** What an answer says was stored now; nothing for repeats. */
function readStored({ path, body, isBatch }: FuzzRequest, response: RawResponse): Stored[] {
  if (response.header('idempotent-replayed') !== undefined) return [];
  const text = body.toString('utf8');
  const texts = isBatch ? text.split('\n').filter((line) => line.trim() !== '') : [text];
  const lastOffset = readOffset(response.header('x-cursor'));
  const topic = topicSegments(parseTopic(path));
  return texts.map((one, index) => ({
    offset: lastOffset - texts.length + 1 + index,
    topic,
    value: JSON.parse(one) as unknown,
  }));
}

/** Tries one case. @returns what it has stored @throws what is wrong with the answer */
async function tryCase(lane: Lane, index: number): Promise<Stored[]> {
  const random = randomOf(index);
  if (random.oneIn(5)) {
    const bytes = makeBrokenRequest(random);
    await lane.sendBroken(bytes).catch((error: unknown) => {
      throw new Error(describeCase(index, bytes.toString('latin1')), { cause: error });
    });
    return [];
  }
  const sent = makeRequest(random);
  try {
    const response = await lane.send(sent);
    if (!STATUSES.has(response.statusCode)) throw new Error(response.describe());
    if (response.header('content-type') === 'application/problem+json' && response.text !== '')
      expect(response.text.trimEnd()).not.toMatch(UNPRINTABLE);
    const isPublish = sent.method === 'POST' || sent.method === 'PUT';
    return isPublish && response.statusCode === 200 ? readStored(sent, response) : [];
  } catch (error) {
    throw new Error(describeCase(index, { ...sent, bytes: sent.bytes.toString('latin1') }), { cause: error });
  }
}

function asObject(value: unknown): object {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? value : { pubsub_payload: value };
}

/** Broken requests may have stored something as well: what is known must be there, each in its place. */
function expectHandedOn(stored: readonly Stored[], plain: readonly string[], full: readonly string[]): void {
  expect(full).toHaveLength(plain.length);
  const byOffset = new Map(stored.map((event) => [event.offset, event]));
  let foundCount = 0;
  full.forEach((text, index) => {
    const shown = JSON.parse(text) as { pubsub_cursor: string; pubsub_topics: string[]; pubsub_path: string };
    const value: unknown = JSON.parse(plain[index] ?? '');
    expect(plain[index]).toMatch(/^[\u0020-\u007f]+$/);
    const { pubsub_cursor, pubsub_topics, pubsub_path } = shown;
    const ours = { pubsub_timestamp: expect.any(Number), pubsub_path, pubsub_topics, pubsub_cursor };
    expect(shown).toEqual({ ...asObject(value), ...ours });
    const event = byOffset.get(readOffset(pubsub_cursor));
    if (event === undefined) return;
    foundCount += 1;
    expect(pubsub_topics).toEqual(event.topic);
    if (!isDeepStrictEqual(value, event.value)) throw new Error(`${plain[index]} is not what was sent`);
    expect(Object.keys(asObject(value))).not.toContain('stillalive');
  });
  expect(foundCount).toBe(stored.length);
}

async function openReaders(target: Target, since?: string): Promise<StreamReader[]> {
  const query = since === undefined ? '' : `&since=${since}`;
  const formats = ['gitpubsub', 'ndjson', 'sse'];
  return Promise.all(formats.map(async (format) => StreamReader.open(target, `/?format=${format}${query}`)));
}

/** What readers of the three formats got, without the event that ends the round. */
async function readToEnd(readers: readonly StreamReader[]): Promise<(readonly string[])[]> {
  const all = await Promise.all(
    readers.map(async (reader) => {
      return reader.waitFor(
        () => (reader.events.at(-1)?.includes(END) === true ? reader.events : undefined),
        'the end',
        60_000,
      );
    }),
  );
  for (const reader of readers) {
    expect(reader.response.end).toBeUndefined();
    reader.close();
  }
  return all.map((events) => events.slice(0, -1));
}

function expectReadersAgree(
  stored: readonly Stored[],
  [plain = [], lines = [], blocks = []]: (readonly string[])[],
): void {
  expect(blocks).toStrictEqual(lines);
  expectHandedOn(stored, plain, lines);
}

function expectSoundLog(log: string): void {
  for (const line of log.trimEnd().split('\n')) {
    expect(line).not.toMatch(UNPRINTABLE);
    expect(JSON.parse(line)).toMatchObject({ level: expect.not.stringMatching(/^(?:error|fatal)$/) });
  }
}

/** One broker, its readers from the start, a part of all cases from several connections, and readers of the replay. */
async function runRound(first: number, end: number): Promise<void> {
  await withBroker(FLAGS, async (broker) => {
    const { target, pid } = broker;
    const live = await openReaders(target);
    const stored: Stored[] = [];
    let next = first;
    await Promise.all(
      Array.from({ length: LANES }, async () => {
        const lane = new Lane(target);
        while (next < end) stored.push(...(await tryCase(lane, next++)));
        await lane.checkBroken();
        lane.close();
      }),
    );
    await publish(target, '/end', END);
    expectReadersAgree(stored, await readToEnd(live));
    expectReadersAgree(stored, await readToEnd(await openReaders(target, '0')));
    expect(broker.pid).toBe(pid);
    await broker.stop();
    await pollUntil(() => (broker.stdout.includes('"stopped"') ? true : undefined), 'the log ends');
    expectSoundLog(broker.stdout);
    expect(broker.stderr).toBe('');
  });
}

test('whatever is sent, a broker answers or closes, and every reader gets what was taken', async () => {
  for (let first = 0; first < caseCount; first += ROUND_CASES)
    await runRound(first, Math.min(first + ROUND_CASES, caseCount));
});

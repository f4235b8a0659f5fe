// Everything that parses what others send, called directly: it gives a value that keeps its promises, or one of our errors.

import { isDeepStrictEqual } from 'node:util';
import { expect, test, vi } from 'vitest';
import { PeerPolicy } from '../../src/access/peer-policy.ts';
import { parsePeerRange } from '../../src/access/peer-range.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { SETTING_KEYS } from '../../src/config/settings.ts';
import { formatCursor, parseCursor } from '../../src/core/cursor.ts';
import { GitPubSubError, type ErrorCode } from '../../src/core/errors.ts';
import type { Event } from '../../src/core/event.ts';
import { parsePayloadLines } from '../../src/core/ndjson.ts';
import { parsePayload, toAscii } from '../../src/core/payload.ts';
import { toPrintable } from '../../src/core/printable.ts';
import {
  parsePrefix,
  parseTopic,
  topicFromSegments,
  topicSegments,
  type Topic,
} from '../../src/core/topic.ts';
import { toEventObjects } from '../../src/http/event-object.ts';
import { readIdempotencyKey } from '../../src/http/idempotency.ts';
import { toProblem } from '../../src/http/problem.ts';
import { parseSubscribeQuery } from '../../src/http/query.ts';
import { parseSeconds } from '../../src/http/seconds.ts';
import { createRequestHead } from '../support/fake-http.ts';
import type { Random } from '../support/random.ts';
import { fuzzTimeoutMs, shareOfCases, tryCases } from './cases.ts';
import {
  makeCursor,
  makeJson,
  makePath,
  makeQuery,
  makeText,
  makeTime,
  makeWildText,
  mutate,
  pick,
  several,
} from './texts.ts';

const MAX_EVENT_BYTES = 2_000;
const CURSOR = '0123456789ab-1-01234567';
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const CONTROL = /[\p{Cc}]/u;

/** What the parser gives; undefined if it refuses with one of these codes, and then its answer can be shown. */
function attempt<T>(codes: readonly ErrorCode[], parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof GitPubSubError) || !codes.includes(error.code)) throw error;
    const { body } = toProblem(error);
    expect(body.trimEnd()).not.toMatch(UNPRINTABLE);
    expect(JSON.parse(body)).toMatchObject({ detail: error.message });
    return undefined;
  }
}

function expectEqualValues(text: string, expected: unknown): void {
  if (!isDeepStrictEqual(JSON.parse(text), expected)) throw new Error(`another value: ${text}`);
}

vi.setConfig({ testTimeout: fuzzTimeoutMs });

const share = shareOfCases(0.14);

test('a topic is refused, or is what its segments make', () => {
  tryCases(
    share,
    (random) => (random.oneIn(3) ? `/${makeWildText(random, 8)}` : makePath(random)),
    (path) => {
      for (const parse of [parseTopic, parsePrefix]) {
        const topic = attempt(['invalid-topic'], () => parse(path));
        if (topic === undefined) continue;
        const segments = topicSegments(topic);
        expect(topicFromSegments(segments)).toBe(topic);
        expect(topic).not.toMatch(CONTROL);
        expect(Buffer.byteLength(segments.map((segment) => `/${segment}`).join(''))).toBeLessThanOrEqual(
          1_024,
        );
      }
    },
  );
});

function makeBody(random: Random): Buffer {
  const json = Buffer.from(makeJson(random));
  return random.oneIn(2) ? json : mutate(random, json);
}

/** What a strict reader of bytes makes of a body; undefined if it is not one JSON value in UTF-8. */
function readStrictly(body: Buffer): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)) };
  } catch {
    return undefined;
  }
}

/** Of one value: it may be stored, it is what was sent, and no line, stream or log can be broken with it. */
function expectSound(payload: string, value: unknown): void {
  expect(payload).not.toMatch(/[\0-\u001f]/); // eslint-disable-line no-control-regex -- what JSON never holds raw
  expectEqualValues(payload, value);
  const ascii = toAscii(payload);
  expect(ascii).toMatch(/^[\u0020-\u007f]+$/);
  expectEqualValues(ascii, value);
}

function isReserved(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.hasOwn(value, 'stillalive') || Object.hasOwn(value, 'pubsub_gap');
}

test('a payload is refused, or is the value that was sent', () => {
  tryCases(share, makeBody, (body) => {
    const payload = attempt(['invalid-payload', 'payload-too-large'], () => parsePayload(body));
    const read = readStrictly(body);
    expect(payload !== undefined).toBe(read !== undefined && !isReserved(read.value));
    if (payload !== undefined) expectSound(payload, read?.value);
  });
});

function makeBatch(random: Random): Buffer {
  const lines = several(
    random,
    5,
    (choices) => makeBody(choices).toString('latin1').replaceAll('\n', ' '),
    '\n',
  );
  return Buffer.from(random.oneIn(3) ? `${lines}\n\r\n` : lines, 'latin1');
}

test('a batch is refused as a whole, or is the values of its lines', () => {
  tryCases(share, makeBatch, (body) => {
    const payloads = attempt(['invalid-payload', 'payload-too-large'], () =>
      parsePayloadLines(body, MAX_EVENT_BYTES),
    );
    if (payloads === undefined) return;
    const lines = body
      .toString('latin1')
      .split('\n')
      .filter((line) => line.trim() !== '');
    expect(payloads).toHaveLength(lines.length);
    for (const [index, payload] of payloads.entries())
      expectSound(payload, readStrictly(Buffer.from(lines[index] ?? '', 'latin1'))?.value);
  });
});

function makeResume(random: Random): { cursor: string; time: string; query: string } {
  return {
    cursor: makeCursor(random),
    time: makeTime(random),
    query: makeQuery(random),
  };
}

test('cursors, times and queries are refused, or mean one thing', () => {
  tryCases(share, makeResume, ({ cursor, time, query }) => {
    const parsed = attempt(['invalid-cursor'], () => parseCursor(cursor));
    if (parsed !== undefined) expect(formatCursor(parsed)).toBe(cursor);
    const timeMs = parseSeconds(time);
    if (timeMs !== undefined) expect(Number.isInteger(timeMs)).toBe(true);
    const wanted = attempt(['invalid-query', 'invalid-cursor', 'invalid-topic'], () =>
      parseSubscribeQuery(query),
    );
    if (wanted?.since !== undefined) expect(wanted.since).toMatch(/^[0-9.eE+-]+$/);
  });
});

const ADDRESSES = [
  '127.0.0.1',
  '10.1.1.1',
  '203.0.113.9',
  '::1',
  '::ffff:127.0.0.1',
  '127.1',
  '0177.0.0.1',
  '127.0.0.1:80',
  '[::1]',
  'unknown',
];

function makePeer(random: Random): { peer: string; forwardedFor: string[]; key: string } {
  return {
    peer: pick(random, ['203.0.113.9', '10.0.0.1', '127.0.0.1']),
    forwardedFor: Array.from({ length: random.below(3) }, () =>
      several(
        random,
        3,
        (choices) => (choices.oneIn(3) ? makeText(choices) : pick(choices, ADDRESSES)),
        ', ',
      ),
    ),
    key: makeWildText(random, 4),
  };
}

test('a header makes nobody trusted, and a key is visible ASCII', () => {
  const policy = new PeerPolicy({
    trustedPeers: [parsePeerRange('127.0.0.1')],
    trustedProxies: [parsePeerRange('10.0.0.0/8')],
  });
  tryCases(share, makePeer, ({ peer, forwardedFor, key }) => {
    const decision = policy.decide({ address: peer, forwardedFor, hasProxyHeader: false });
    const client = forwardedFor
      .join(',')
      .split(',')
      .map((part) => part.trim())
      .findLast((part) => !/^10\.1\.1\.1(?::\d+)?$/.test(part));
    const isPlainlyTrusted = peer === '127.0.0.1' && forwardedFor.length === 0;
    const isNamed = peer === '10.0.0.1' && /^\[?(?:::ffff:)?127\.0\.0\.1\]?(?::\d+)?$/.test(client ?? '');
    if (decision.isTrusted) expect(isPlainlyTrusted || isNamed).toBe(true);
    else expect(toPrintable(decision.reason)).not.toMatch(UNPRINTABLE);
    const head = createRequestHead({ headers: [['idempotency-key', key]] });
    const taken = attempt(['invalid-idempotency-key'], () => readIdempotencyKey(head));
    if (taken !== undefined) expect(taken).toMatch(/^[!-~]{1,255}$/);
  });
});

function makeEvent(random: Random): { topic: Topic; payload: string } | undefined {
  try {
    return { topic: parseTopic(makePath(random)), payload: parsePayload(Buffer.from(makeJson(random))) };
  } catch {
    return undefined;
  }
}

test('an event is one line of one object wherever topic, time and cursor stand in it', () => {
  tryCases(share, makeEvent, (made) => {
    if (made === undefined) return;
    const event: Event = { ...made, offset: 1, timeMs: 1_700_000_000_123 };
    const [text = ''] = toEventObjects([event], () => CURSOR);
    expect(text).not.toMatch(/[\0-\u001f]/); // eslint-disable-line no-control-regex -- line ends among them
    const sent: unknown = JSON.parse(made.payload);
    const isObject = typeof sent === 'object' && sent !== null && !Array.isArray(sent);
    const expected: unknown = {
      ...(isObject ? sent : { pubsub_payload: sent }),
      pubsub_timestamp: 1_700_000_000.123,
      pubsub_path: made.topic,
      pubsub_topics: topicSegments(made.topic),
      pubsub_cursor: CURSOR,
    };
    expectEqualValues(text, expected);
  });
});

/** The three places of a configuration. */
interface FuzzConfiguration {
  readonly file: string;
  readonly flags: Record<string, string>;
  readonly env: Record<string, string>;
}

function makeValue(random: Random): string {
  const likely = ['10', '127.0.0.1', '1GiB', 'none', 'full', ''];
  return random.oneIn(2) ? pick(random, likely) : pick(random, [makeText, makeWildText, makeTime])(random);
}

function makeMember(random: Random): string {
  const key = random.oneIn(5) ? makeWildText(random) : pick(random, SETTING_KEYS);
  const value = random.oneIn(3) ? makeJson(random, 2) : JSON.stringify(makeValue(random));
  return `${JSON.stringify(key)}:${value}`;
}

function makeConfiguration(random: Random): FuzzConfiguration {
  const file = `{${several(random, 4, makeMember, ',')}}`;
  const variable = pick(random, ['PORT', 'HOST', 'TRUSTED_PEERS', makeText(random)]);
  return {
    file: random.oneIn(2) ? file : mutate(random, Buffer.from(file)).toString('utf8'),
    flags: { config: 'fuzz.json', [pick(random, SETTING_KEYS)]: makeValue(random) },
    env: { [`GITPUBSUB_${variable}`]: makeValue(random) },
  };
}

test('a configuration is loaded, or every problem is told in a line of its own', () => {
  tryCases(shareOfCases(0.03), makeConfiguration, ({ file, flags, env }) => {
    try {
      loadConfig({ flags, env, readFile: () => file });
    } catch (error) {
      if (!(error instanceof GitPubSubError) || error.code !== 'invalid-configuration') throw error;
      for (const line of error.message.split('\n')) {
        expect(line).not.toBe('');
        expect(line).not.toMatch(/[\0-\u001f]/); // eslint-disable-line no-control-regex -- what breaks a line
        expect(toPrintable(line)).not.toMatch(UNPRINTABLE);
      }
    }
  });
});

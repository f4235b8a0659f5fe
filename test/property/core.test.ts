// Topics, payloads and the topic index against the simplest reading of what they promise.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LiveIndex } from '../../src/broker/live-index.ts';
import { parseCursor, formatCursor } from '../../src/core/cursor.ts';
import type { Event } from '../../src/core/event.ts';
import { parsePayload, toAscii } from '../../src/core/payload.ts';
import { selectPrefixes, selects, type Selection } from '../../src/core/selection.ts';
import {
  covers,
  parseTopic,
  selfAndAncestors,
  topicFromSegments,
  topicSegments,
  type Topic,
} from '../../src/core/topic.ts';

// Characters that mean something somewhere on the way, and the rest of Unicode.
const character = fc.oneof(
  fc.constantFrom('a', 'b', '/', '%', ' ', '0', '.', '-', '*', '2', 'F', '"', ',', '\\', '?', '#', '+'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);
const segment = fc
  .array(character, { minLength: 1, maxLength: 6 })
  .map((characters) => characters.join(''))
  .filter((text) => text !== '.' && text !== '..' && !/[\p{Cc}\p{Cs}]/u.test(text));
const segments = fc.array(segment, { maxLength: 6 });

test('segments make a path that is parsed to the topic of those segments', () => {
  fc.assert(
    fc.property(segments, fc.boolean(), (parts, hasSlashes) => {
      const slash = hasSlashes ? '//' : '/';
      const path = slash + parts.map(encodeURIComponent).join(slash) + (hasSlashes ? '/' : '');
      expect(parseTopic(path)).toBe(topicFromSegments(parts));
      expect(topicSegments(parseTopic(path))).toEqual(parts);
    }),
  );
});

test('a path in which only what must be is escaped is parsed to the same topic', () => {
  fc.assert(
    fc.property(segments, (parts) => {
      fc.pre(!parts.join('').includes('\ufffd'));
      const path = parts.map((part) => `/${part.replaceAll('%', '%25').replaceAll('/', '%2f')}`).join('');
      expect(parseTopic(path)).toBe(topicFromSegments(parts));
    }),
  );
});

test('no path does anything but parse or be refused as no topic', () => {
  const piece = fc.oneof(character, fc.constantFrom('%00', '%2F', '%2e', '%ff', '%C3%A4', '%', '//', '/../'));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      let topic: Topic;
      try {
        topic = parseTopic(`/${pieces.join('')}`);
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid-topic' });
        return;
      }
      expect(topicFromSegments(topicSegments(topic))).toBe(topic);
    }),
  );
});

test('a prefix covers a topic exactly when its segments begin the topic’s', () => {
  const short = fc.array(fc.constantFrom('a', 'b', 'ab', '/', 'a/b', '%', ' '), { maxLength: 4 });
  fc.assert(
    fc.property(short, short, (one, other) => {
      const begins = one.length <= other.length && one.every((part, index) => part === other[index]);
      const [prefix, topic] = [topicFromSegments(one), topicFromSegments(other)];
      expect(covers(prefix, topic)).toBe(begins);
      expect([...selfAndAncestors(topic)].includes(prefix)).toBe(begins);
    }),
    { numRuns: 500 },
  );
});

/** A JSON text with white space wherever it may be, and the same without; both as one might write them by hand. */
interface Spelling {
  readonly padded: string;
  readonly compact: string;
}

const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
const text = fc
  .array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('"', '\\', ' ', '{', '}', '[', ',', ':')), {
    maxLength: 4,
  })
  .map((parts) => JSON.stringify(parts.join('')));
const escaped = fc.constantFrom('"\\u00e4"', '"\\ud800"', '"\\/ \\b"', '"\\u0022 \\u005c"', '"\\\\"');
const number = fc.oneof(
  fc.double().filter(Number.isFinite).map(String),
  fc.constantFrom('0', '-0', '1.0', '1E+400', '12345678901234567890', '0.10', '1e-7'),
);
const scalar = fc
  .tuple(fc.oneof(text, escaped, number, fc.constantFrom('null', 'true', 'false')), space, space)
  .map(([token, before, after]): Spelling => ({ padded: before + token + after, compact: token }));
const { value } = fc.letrec<{ value: Spelling; array: Spelling; object: Spelling }>((tie) => ({
  value: fc.oneof({ maxDepth: 5, withCrossShrink: true }, scalar, tie('array'), tie('object')),
  array: fc
    .tuple(fc.array(tie('value'), { maxLength: 4 }), space, space)
    .map(([items, before, inside]) => enclose('[', ']', items, before, inside)),
  object: fc
    .tuple(fc.array(fc.tuple(scalarKey(), tie('value')), { maxLength: 4 }), space, space)
    .map(([members, before, inside]) =>
      enclose(
        '{',
        '}',
        members.map(([key, item]) => ({
          padded: `${key.padded}:${item.padded}`,
          compact: `${key.compact}:${item.compact}`,
        })),
        before,
        inside,
      ),
    ),
}));

function scalarKey(): fc.Arbitrary<Spelling> {
  return fc
    .tuple(fc.oneof(text, escaped), space, space)
    .map(([token, before, after]) => ({ padded: before + token + after, compact: token }));
}

function enclose(
  open: string,
  close: string,
  items: readonly Spelling[],
  before: string,
  inside: string,
): Spelling {
  const padding = items.length === 0 ? inside : '';
  return {
    padded: before + open + padding + items.map(({ padded }) => padded).join(',') + close + inside,
    compact: open + items.map(({ compact }) => compact).join(',') + close,
  };
}

test('a payload keeps every token of a body as it was, and nothing of the space between', () => {
  fc.assert(
    fc.property(value, ({ padded, compact }) => {
      fc.pre(!/stillalive|pubsub_gap/.test(compact));
      expect(parsePayload(Buffer.from(padded))).toBe(compact);
    }),
    { numRuns: 300 },
  );
});

test('a payload in ASCII is ASCII, and the same value', () => {
  fc.assert(
    fc.property(value, ({ compact }) => {
      const ascii = toAscii(compact);
      expect(ascii).toMatch(/^[\u0020-\u007f]*$/);
      expect(JSON.parse(ascii)).toEqual(JSON.parse(compact));
    }),
    { numRuns: 300 },
  );
});

test('a body is taken exactly when it is JSON, and is never changed into something else', () => {
  const noise = fc
    .array(
      fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', '1', 'e', '-', 'null', ' ', '\n', '\u00e4'),
      {
        maxLength: 12,
      },
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(noise, (body) => {
      let expected: unknown;
      try {
        expected = JSON.parse(body);
      } catch {
        expect(() => parsePayload(Buffer.from(body))).toThrow(
          expect.objectContaining({ code: 'invalid-payload' }),
        );
        return;
      }
      expect(JSON.parse(parsePayload(Buffer.from(body)))).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});

test('a cursor is read as it was written', () => {
  const cursor = fc.record({
    logId: fc.stringMatching(/^[0-9a-f]{12}$/),
    offset: fc.maxSafeNat(),
    check: fc.stringMatching(/^[0-9a-f]{8}$/),
  });
  fc.assert(
    fc.property(cursor, (one) => {
      expect(parseCursor(formatCursor(one))).toEqual(one);
    }),
  );
});

// Few, so that what could be confused meets.
const topic = fc
  .array(fc.constantFrom('a', 'b', 'a ', 'ab', 'a/b'), { maxLength: 2 })
  .map((parts) => topicFromSegments(parts));
const selection = fc.array(topic, { minLength: 1, maxLength: 3 }).map((topics) => selectPrefixes(topics));
const change = fc.record({ isAdded: fc.boolean(), member: fc.nat(3), selection });

test('a selection selects what any of the prefixes covers that it was made of', () => {
  fc.assert(
    fc.property(fc.array(topic, { minLength: 1, maxLength: 20 }), topic, (prefixes, one) => {
      const isWanted = prefixes.some((prefix) => covers(prefix, one));
      expect(selects(selectPrefixes(prefixes), { topic: one, payload: '1' })).toBe(isWanted);
    }),
    { numRuns: 500 },
  );
});

test('selections have the same key exactly when they have the same prefixes', () => {
  const many = fc.array(selection, { minLength: 200, maxLength: 200 });
  fc.assert(
    fc.property(many, (selections) => {
      const keys = new Set(selections.map(({ key }) => key));
      const lists = new Set(selections.map(({ prefixes }) => JSON.stringify(prefixes)));
      const pairs = new Set(selections.map(({ key, prefixes }) => `${key}\0${JSON.stringify(prefixes)}`));
      expect([keys.size, lists.size]).toEqual([pairs.size, pairs.size]);
    }),
    { numRuns: 50 },
  );
});

test('the topic index gives each member what a scan of all would', () => {
  const rounds = fc.array(fc.tuple(fc.array(change, { maxLength: 8 }), fc.array(topic, { maxLength: 8 })), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(rounds, (taken) => {
      const index = new LiveIndex<string>();
      const members = new Map<string, Selection>();
      for (const [changes, topics] of taken) {
        for (const { isAdded, member, selection: wanted } of changes) {
          const name = `${member} ${JSON.stringify(wanted.prefixes)}`;
          if (isAdded) index.add(wanted, name);
          else index.remove(wanted, name);
          if (isAdded) members.set(name, wanted);
          else members.delete(name);
        }
        const events = topics.map((one, i): Event => ({ topic: one, payload: '1', offset: i, timeMs: 0 }));
        expect(distribute(index, events)).toEqual(scan(members, events));
      }
    }),
    { numRuns: 300 },
  );
});

function distribute(index: LiveIndex<string>, events: readonly Event[]): Record<string, number[]> {
  const received: Record<string, number[]> = {};
  for (const [{ members }, wanted] of index.distribute(events, () => true).wanted) {
    for (const member of members)
      received[member] = [...(received[member] ?? []), ...wanted.map(({ offset }) => offset)];
  }
  return received;
}

function scan(members: ReadonlyMap<string, Selection>, events: readonly Event[]): Record<string, number[]> {
  const received: Record<string, number[]> = {};
  for (const [member, wanted] of members) {
    const offsets = events.filter((event) => selects(wanted, event)).map(({ offset }) => offset);
    if (offsets.length > 0) received[member] = offsets;
  }
  return received;
}

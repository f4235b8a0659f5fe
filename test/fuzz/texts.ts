// Texts that are nearly right, or right in a way that nobody thought of: JSON, paths, queries, headers.

import { FILTER_KEYS } from '../../src/core/event-filter.ts';
import type { Random } from '../support/random.ts';

export function pick<T>(random: Random, choices: readonly T[]): T {
  const choice = choices[random.below(choices.length)];
  if (choice === undefined) throw new TypeError('nothing to pick from');
  return choice;
}

/** Up to so many of what `make` makes, joined. */
export function several(
  random: Random,
  most: number,
  make: (random: Random) => string,
  between = '',
): string {
  return Array.from({ length: random.below(most + 1) }, () => make(random)).join(between);
}

/** Code points that mean something to a parser, a stream, a line of a log or a terminal. */
const MEANINGFUL = Array.from(
  'ab01 .-*/%"\\{}[],:?#&=+~' +
    '\u007f\u0080\u0085\u009b\u00a0\u00e9\u0130\u200b\u2028\u2029\u202e\ufeff\ufffd\uffff' +
    '\u{1f600}\u{e0001}\u{10ffff}',
);
const CONTROLS = ['\0', '\b', '\t', '\n', '\v', '\f', '\r', '\u001b', '\u001b[2J', '\r\n', '\n\n'];

/** Text without control characters below U+0020. */
export function makeText(random: Random, most = 6): string {
  return several(random, most, (choices) =>
    choices.oneIn(8) ? String.fromCodePoint(0x20 + choices.below(0xd7d0)) : pick(choices, MEANINGFUL),
  );
}

/** Text with anything in it. */
export function makeWildText(random: Random, most = 6): string {
  return several(random, most, (choices) =>
    choices.oneIn(4) ? pick(choices, CONTROLS) : makeText(choices, 2),
  );
}

const SPACES = ['', '', '', ' ', '\n', '\r\n', '\t', ' \n '];
const NUMBERS = '0 -0 1.0 1e5 1E-400 1E+400 12345678901234567890 -1.5e-7 0.1 1700000000.123'.split(' ');
/** As they stand between quotes; what would break a stream, a line or a terminal if it came out as it went in. */
const STRINGS = [
  ...String.raw`\u0000 \r\n \n\ndata:x \n\nevent:gap\nid:1 \u2028 \ud800 \udfff\ud800 \ud83d\ude00 \u001b[31m`.split(
    ' ',
  ),
  ...String.raw`\" \\ \/ \u0022,\u0022 {\"stillalive\":1} stillalive 0\r\n\r\n 20\r\n </script> __proto__`.split(
    ' ',
  ),
  ...Array.from('\u2028\u0085\u009b\u007f\ufeff\u{1f600}\u00e9'),
];
/** Of members: those that mean something to the broker, to its readers or to JavaScript. */
const NAMES = [
  ...String.raw`a b stillalive still\u0061live pubsub_gap pubsub\u005fgap __proto__ constructor toString`.split(
    ' ',
  ),
  ...String.raw`pubsub_timestamp pubsub_path pubsub_topics pubsub_cursor pubsub\u005fcursor pubsub_payload`.split(
    ' ',
  ),
  '',
];

/** A JSON value as text, with white space anywhere. */
export function makeJson(random: Random, depth = 3): string {
  const space = pick(random, SPACES);
  const kind = random.below(depth > 0 ? 7 : 4);
  const inner = (choices: Random): string => makeJson(choices, depth - 1);
  if (kind === 0) return space + pick(random, NUMBERS) + space;
  if (kind === 1) return space + pick(random, ['true', 'false', 'null']);
  if (kind === 2 || kind === 3) return `${space}"${several(random, 3, makeStringPart)}"`;
  if (kind === 4) return `${space}[${space}${several(random, 3, inner, ',')}]`;
  return `${space}{${space}${several(random, 4, (choices) => `${makeName(choices)}${space}:${inner(choices)}`, ',')}}${space}`;
}

function makeName(random: Random): string {
  return `"${random.oneIn(4) ? several(random, 3, makeStringPart) : pick(random, NAMES)}"`;
}

function makeStringPart(random: Random): string {
  return random.oneIn(3) ? makeText(random, 3).replaceAll(/["\\]/g, '') : pick(random, STRINGS);
}

/** The same bytes, or some of them changed, lost, doubled or added. */
export function mutate(random: Random, bytes: Buffer): Buffer {
  let result = bytes;
  for (let count = random.below(4); count > 0; count -= 1) {
    const at = random.below(result.length + 1);
    const end = Math.min(result.length, at + 1 + random.below(8));
    const [before, part, after] = [result.subarray(0, at), result.subarray(at, end), result.subarray(end)];
    result = Buffer.concat([
      before,
      pick(random, [changeBytes(random, part), Buffer.alloc(0), doubled(part)]),
      after,
    ]);
  }
  return result;
}

function doubled(part: Buffer): Buffer {
  return Buffer.concat([part, part]);
}

function changeBytes(random: Random, part: Buffer): Buffer {
  const special = Buffer.from(
    pick(random, [...CONTROLS, '\x80', '\xff', '\xc0\x80', '"', '\\', ':', ' ', '%']),
    'latin1',
  );
  return random.oneIn(2)
    ? special
    : Buffer.from(part.map((byte) => (random.oneIn(2) ? byte : random.below(256))));
}

/** A path as a client may write it: escaped or not, rightly or wrongly. */
export function makePath(random: Random): string {
  return `/${several(random, 5, makeSegment, pick(random, ['/', '/', '//']))}${pick(random, ['', '', '/', '/*'])}`;
}

function encode(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString()); // Half of a surrogate pair can't be encoded.
}

function makeSegment(random: Random): string {
  if (random.oneIn(12))
    return pick(random, [
      '-',
      '.',
      '..',
      '%2e%2e',
      '*',
      '%',
      '%zz',
      '%ff',
      '%C3',
      '%00',
      '%0d%0a',
      'x'.repeat(600),
    ]);
  const text = random.oneIn(6) ? makeWildText(random, 4) : makeText(random, 4);
  return random.oneIn(3) ? text : encode(text);
}

const TIMES = [
  '0',
  '1700000000',
  '1700000000.5',
  '-1',
  '1e3',
  '1e400',
  'None',
  'NaN',
  'Infinity',
  '0x10',
  ' 5',
  '5 ',
  '',
  '9'.repeat(400),
  '.5',
  '5.',
  '+5',
];
const CURSORS = [
  '0123456789ab-1-01234567',
  '0123456789ab-0-00000000',
  '0123456789ab-9999999999999999-01234567',
  '0123456789AB-1-01234567',
  '-1',
  'x',
];

export function makeTime(random: Random): string {
  return random.oneIn(3) ? makeText(random) : pick(random, TIMES);
}

export function makeCursor(random: Random): string {
  const cursor = pick(random, CURSORS);
  return random.oneIn(2) ? cursor : mutate(random, Buffer.from(cursor)).toString('latin1');
}

const KEYS = [
  'since',
  'cursor',
  'lastEventId',
  'format',
  'poll',
  'topic',
  'sicne',
  'Since',
  '__proto__',
  '',
  ...FILTER_KEYS,
];

const GLOB_PARTS = [
  '*',
  '**',
  '?',
  '/',
  'a',
  'a*',
  '[',
  '[!a-z]',
  ']',
  '{a,b}',
  '\\',
  '!',
  '.',
  '(a+)+',
  '$',
  '^',
];

function makeGlob(random: Random): string {
  return several(random, 20, (choices) => pick(choices, GLOB_PARTS));
}

/** A query without its question mark. */
export function makeQuery(random: Random): string {
  return several(
    random,
    3,
    (choices) => {
      const value = pick(choices, [
        makeTime,
        makeCursor,
        makePath,
        makeText,
        makeGlob,
        () => 'ndjson',
        () => '1',
      ])(choices);
      const written = choices.oneIn(3) ? value : encode(value);
      return `${choices.oneIn(6) ? makeText(choices) : pick(choices, KEYS)}=${written}`;
    },
    '&',
  );
}

// Payloads: from the bytes of a body to the JSON text that is stored, and from there to ASCII. Values are never re-written.
import { GitPubSubError } from './errors.ts';

/** Deepest nesting of arrays and objects; parsers in the wild give up not far beyond. Beyond it: `invalid-payload`. [P6] */
export const MAX_PAYLOAD_DEPTH = 512;

/** Longest line an event may become once every non-ASCII character is `\uXXXX`, CR LF included, in bytes. [P6] */
export const MAX_LINE_BYTES = 600_000;

/** What one UTF-16 unit of a text takes at most once it is escaped: `\\uXXXX`. */
const MAX_ESCAPED_BYTES_PER_UNIT = 6;

/** Members of an object that mean something to subscribers, so that no publisher may send them at the top level. [P6] */
const RESERVED_MEMBERS = ['stillalive', 'pubsub_gap'];

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Checks that a body is one JSON value, removes the white space outside its strings and escapes what might end a line; nothing
 * else changes. [P6, P7]
 * @throws GitPubSubError `invalid-payload` or `payload-too-large`
 */
export function parsePayload(body: Uint8Array): string {
  const text = decode(body);
  const payload = removeWhiteSpace(text);
  if (payload === '') throw invalid('The body is empty; it must be one JSON value.');
  checkReserved(parseJson(text));
  checkLineLength(payload);
  return escapeLineBreaks(payload);
}

/**
 * The same JSON text without raw characters that some readers take for the end of a line, such as Python's `splitlines`;
 * they only stand in strings. [P13]
 */
export function escapeLineBreaks(payload: string): string {
  if (!LINE_BREAK.test(payload)) return payload;
  return payload.replace(LINE_BREAK_ALL, escapeUnit);
}

/** The same JSON text in ASCII: everything beyond becomes `\uXXXX`. [P11] */
export function toAscii(payload: string): string {
  // Why: most payloads are ASCII already, and the test is much cheaper than a replacement.
  if (!NON_ASCII.test(payload)) return payload;
  return payload.replace(NON_ASCII_ALL, escapeUnit);
}

const LINE_BREAK = /[\u0085\u2028\u2029]/; // eslint-disable-line no-control-regex
const LINE_BREAK_ALL = /[\u0085\u2028\u2029]/g; // eslint-disable-line no-control-regex
const NON_ASCII = /[^\u0000-\u007f]/; // eslint-disable-line no-control-regex
const NON_ASCII_ALL = /[^\u0000-\u007f]/g; // eslint-disable-line no-control-regex

function escapeUnit(unit: string): string {
  return '\\u' + unit.charCodeAt(0).toString(16).padStart(4, '0');
}

function decode(body: Uint8Array): string {
  try {
    return UTF8.decode(body);
  } catch {
    throw invalid('This is not valid UTF-8.');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`This is not one valid JSON value: ${(error as Error).message}.`);
  }
}

function checkReserved(value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  const found = RESERVED_MEMBERS.find((member) => Object.hasOwn(value, member));
  if (found === undefined) return;
  throw invalid(`The top-level member "${found}" is reserved for the broker; use another name.`);
}

function checkLineLength(payload: string): void {
  if (payload.length * MAX_ESCAPED_BYTES_PER_UNIT <= MAX_LINE_BYTES) return;
  const lineBytes = toAscii(payload).length + 2;
  if (lineBytes <= MAX_LINE_BYTES) return;
  throw new GitPubSubError(
    'payload-too-large',
    `The event is ${lineBytes} bytes with non-ASCII characters escaped; at most ${MAX_LINE_BYTES} are allowed.`,
  );
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

// One pass over text that may still be invalid JSON; also bounds the nesting, before a parser sees it.
function removeWhiteSpace(text: string): string {
  let result = '';
  let kept = 0;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === QUOTE) {
      i = endOfString(text, i);
    } else if (isWhiteSpace(unit)) {
      result += text.slice(kept, i);
      kept = i + 1;
    } else if (unit === 0x5b || unit === 0x7b) {
      if (++depth > MAX_PAYLOAD_DEPTH)
        throw invalid(`The value is nested deeper than ${MAX_PAYLOAD_DEPTH} levels.`);
    } else if (unit === 0x5d || unit === 0x7d) {
      depth--;
    }
  }
  return kept === 0 ? text : result + text.slice(kept);
}

// The index of the quote that closes the string opened at `start`, or the text's end.
function endOfString(text: string, start: number): number {
  let i = start + 1;
  for (; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === QUOTE) break;
    if (unit === BACKSLASH) i++;
  }
  return i;
}

function isWhiteSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}

function invalid(message: string): GitPubSubError {
  return new GitPubSubError('invalid-payload', message);
}

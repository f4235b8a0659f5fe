// The query of a GET: what it may hold, checked as a whole so that a slip of the pen doesn't silently go live. [P18]
import { type Cursor, parseCursor } from '../core/cursor.ts';
import { GitPubSubError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { parseSeconds } from './seconds.ts';

/** What a subscriber may ask for in the query. */
export interface SubscribeQuery {
  readonly lastEventId: Cursor | undefined;
  readonly cursor: Cursor | undefined;
  /** As sent; a number. */
  readonly since: string | undefined;
}

const KEYS = ['since', 'cursor', 'lastEventId', 'format'];
const FORMATS = ['gitpubsub'];

/** Reads the query. @throws GitPubSubError `invalid-query` or `invalid-cursor` */
export function parseSubscribeQuery(query: string): SubscribeQuery {
  const values = new Map<string, string>();
  for (const [key, value] of new URLSearchParams(query)) {
    if (!KEYS.includes(key)) throw unknown('query key', key, KEYS);
    if (values.has(key)) throw invalid(`The query key "${key}" stands there twice; once is allowed.`);
    values.set(key, value);
  }
  const format = values.get('format');
  if (format !== undefined && !FORMATS.includes(format)) throw unknown('format', format, FORMATS);
  return {
    lastEventId: readCursor(values.get('lastEventId')),
    cursor: readCursor(values.get('cursor')),
    since: readSince(values.get('since')),
  };
}

function readCursor(text: string | undefined): Cursor | undefined {
  return text === undefined ? undefined : parseCursor(text);
}

function readSince(text: string | undefined): string | undefined {
  if (text === undefined || parseSeconds(text) !== undefined) return text;
  throw invalid(`"${text}" is not a time; since takes epoch seconds such as 1700000000 or 1700000000.5.`);
}

function unknown(what: string, name: string, known: readonly string[]): GitPubSubError {
  const guess = nearest(name, known);
  const hint = guess === undefined ? '' : ` Did you mean "${guess}"?`;
  return invalid(`There is no ${what} "${name}".${hint} Known: ${known.join(', ')}.`);
}

function invalid(message: string): GitPubSubError {
  return new GitPubSubError('invalid-query', message);
}

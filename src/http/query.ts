// The query of a GET: what it may hold, checked as a whole so that a slip of the pen doesn't silently go live. [P18]
import { type Cursor, parseCursor } from '../core/cursor.ts';
import { EventFilter, FILTER_KEYS, type FilterKey } from '../core/event-filter.ts';
import { GitPubSubError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { parseWrittenPrefix, type Topic } from '../core/topic.ts';
import { FORMAT_NAMES, type FormatName } from './formats.ts';
import { parseSeconds } from './seconds.ts';

/** What a subscriber may ask for in the query. */
export interface SubscribeQuery {
  readonly lastEventId: Cursor | undefined;
  readonly cursor: Cursor | undefined;
  /** As sent; a number. */
  readonly since: string | undefined;
  /** Wanted beside the path. [P17] */
  readonly topics: readonly Topic[];
  readonly filter: EventFilter | undefined;
  /** How many of the newest events are wanted. [P16] */
  readonly last: number | undefined;
  /** Only what is older than the event at this cursor. [P16] */
  readonly before: Cursor | undefined;
  readonly format: FormatName | undefined;
  /** Whether the answer ends with what there is. [P16] */
  readonly isPoll: boolean;
}

const RESUME_KEYS = ['since', 'cursor', 'lastEventId'];
const SINGLE_KEYS = [...RESUME_KEYS, 'last', 'before', 'format', 'poll'];
const KEYS = [...SINGLE_KEYS, 'topic', ...FILTER_KEYS];

/** Most events of `last`; a page of a person, no way to fetch a log, for which there is `since`. */
const MAX_LAST = 1_000;

/** Reads the query. @throws GitPubSubError `invalid-query`, `invalid-cursor` or `invalid-topic` */
export function parseSubscribeQuery(query: string): SubscribeQuery {
  const params = new URLSearchParams(query);
  for (const key of new Set(params.keys())) {
    if (!KEYS.includes(key)) throw unknown('query key', key, KEYS);
    if (SINGLE_KEYS.includes(key) && params.getAll(key).length > 1)
      throw invalid(`The query key "${key}" stands there twice; once is allowed.`);
  }
  checkBefore(params);
  const read = (key: string): string | undefined => params.get(key) ?? undefined;
  return {
    lastEventId: readCursor(read('lastEventId')),
    cursor: readCursor(read('cursor')),
    since: readSince(read('since')),
    last: readLast(read('last')),
    before: readCursor(read('before')),
    topics: params.getAll('topic').map(parseWrittenPrefix),
    filter: readFilter(params),
    format: readFormat(read('format')),
    isPoll: readPoll(read('poll')),
  };
}

/** Reads a cursor, if there is one. @throws GitPubSubError `invalid-cursor` */
export function readCursor(text: string | undefined): Cursor | undefined {
  return text === undefined ? undefined : parseCursor(text);
}

function readSince(text: string | undefined): string | undefined {
  if (text === undefined || parseSeconds(text) !== undefined) return text;
  throw invalid(`"${text}" is not a time; since takes epoch seconds such as 1700000000 or 1700000000.5.`);
}

function readLast(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = /^[1-9]\d{0,3}$/.test(text) ? Number(text) : Infinity;
  if (count <= MAX_LAST) return count;
  throw invalid(`"${text}" is no number of events; last takes 1 to ${MAX_LAST}.`);
}

function checkBefore(params: URLSearchParams): void {
  if (!params.has('before')) return;
  for (const key of ['poll', 'last'])
    if (!params.has(key)) throw invalid('before fetches older events: it needs poll=1 and last beside it.');
  const other = RESUME_KEYS.find((key) => params.has(key));
  if (other !== undefined) throw invalid(`before looks back and ${other} goes on; one of them is allowed.`);
}

function readFilter(params: URLSearchParams): EventFilter | undefined {
  const criteria = new Map<FilterKey, string[]>();
  for (const key of FILTER_KEYS) {
    const values = params.getAll(key);
    if (values.length > 0) criteria.set(key, values);
  }
  return criteria.size > 0 ? new EventFilter(criteria) : undefined;
}

function readFormat(name: string | undefined): FormatName | undefined {
  const format = FORMAT_NAMES.find((known) => known === name);
  if (name !== undefined && format === undefined) throw unknown('format', name, FORMAT_NAMES);
  return format;
}

function readPoll(text: string | undefined): boolean {
  if (text === undefined || text === '1') return text === '1';
  throw invalid(`"${text}" is no value of poll; "1" is allowed.`);
}

function unknown(what: string, name: string, known: readonly string[]): GitPubSubError {
  const guess = nearest(name, known);
  const hint = guess === undefined ? '' : ` Did you mean "${guess}"?`;
  return invalid(`There is no ${what} "${name}".${hint} Known: ${known.join(', ')}.`);
}

function invalid(message: string): GitPubSubError {
  return new GitPubSubError('invalid-query', message);
}

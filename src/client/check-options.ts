// Slips in what a program hands to subscribe: without a word they would give it other events than it wants.
import { GitPubSubError } from '../core/errors.ts';
import { FILTER_KEYS } from '../core/event-filter.ts';
import type { SubscribeOptions } from './subscribe-options.ts';

const OPTION_NAMES: Readonly<Record<keyof SubscribeOptions, true>> = {
  cursor: true,
  since: true,
  topics: true,
  filters: true,
  once: true,
  signal: true,
  token: true,
  headers: true,
  socketPath: true,
  keepAliveMs: true,
  connectTimeoutMs: true,
  backOff: true,
  maxRetries: true,
  onConnection: true,
};

// What the client decides itself, or could not keep over several connections.
const FOREIGN_QUERY_KEYS = ['last', 'before', 'format', 'poll'];

/** Looks at the names of all options, and at the values that are easily wrong. @throws TypeError naming the slip */
export function checkSubscribeOptions(options: SubscribeOptions): void {
  requireKnown('subscribe', 'option', Object.keys(options), Object.keys(OPTION_NAMES));
  checkSince(options.since);
  const { topics, filters = {} } = options;
  if (topics !== undefined) requireTexts('topics', topics);
  requireKnown('filters', 'key', Object.keys(filters), FILTER_KEYS);
  for (const [key, globs] of Object.entries(filters)) requireTexts(`filters.${key}`, globs);
}

/** Looks at the query of the URL. @throws GitPubSubError `invalid-usage` if it asks for what a subscription can't keep */
export function checkSubscribeQuery({ searchParams }: URL): void {
  const key = FOREIGN_QUERY_KEYS.find((one) => searchParams.has(one));
  if (key === undefined) return;
  const message = `The URL has "${key}" in its query, which is for plain HTTP; here ${FOREIGN_QUERY_KEYS.join(', ')} are not allowed.`;
  throw new GitPubSubError('invalid-usage', message);
}

function checkSince(since: unknown): void {
  const number = since instanceof Date ? since.getTime() : since;
  if (since === undefined || (typeof number === 'number' && Number.isFinite(number))) return;
  throw new TypeError(`since is ${show(since)}; allowed is a valid Date, or epoch seconds.`);
}

function requireKnown(where: string, what: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new TypeError(`${where} has no ${what} "${unknown}"; allowed are ${known.join(', ')}.`);
}

function requireTexts(name: string, value: unknown): void {
  if (value === undefined) return;
  if (Array.isArray(value) && value.every((text) => typeof text === 'string')) return;
  throw new TypeError(`${name} is ${show(value)}; allowed is an array of strings.`);
}

function show(value: unknown): string {
  return value instanceof Date
    ? String(value)
    : typeof value === 'number'
      ? `${value}`
      : (JSON.stringify(value) ?? String(value));
}

// A filter of events by what the hook tells of them: what a subscriber asks for in the query.
import { GitPubSubError } from './errors.ts';
import type { EventFacts } from './event-facts.ts';
import { matchesGlob, type GlobBudget } from './glob.ts';
import { nearest } from './nearest.ts';

/** What can be filtered by. */
export const FILTER_KEYS = ['project', 'ref', 'path', 'author', 'type', 'hash'] as const;

/** One of {@link FILTER_KEYS}. */
export type FilterKey = (typeof FILTER_KEYS)[number];

/** The wanted values by key: of the same key any, of different keys all. */
export type FilterCriteria = ReadonlyMap<FilterKey, readonly string[]>;

const TYPES = ['commit', 'push', 'other'];

/** Most values in a filter, characters in a value and wildcards in it. */
const MAX_VALUES = 32;
const MAX_VALUE_LENGTH = 512;
const MAX_WILDCARDS = 8;

/** Most comparisons of characters for one event, some milliseconds' work: ten times what a thousand usual paths take. */
const MAX_STEPS = 500_000;

const HASH = /^[0-9a-f]{7,64}$/i;

/** Decides by an event's facts whether it is wanted. */
export class EventFilter {
  /** Equal for filters of the same events. */
  readonly key: string;
  readonly #criteria: readonly (readonly [FilterKey, readonly string[]])[];

  /** Takes at least one criterion. @throws GitPubSubError `invalid-query` */
  constructor(criteria: FilterCriteria) {
    checkValues(criteria);
    this.#criteria = [...criteria]
      .map(
        ([key, values]) =>
          [key, [...new Set(values.map((value) => normalise(key, value)))].toSorted()] as const,
      )
      .toSorted(([one], [other]) => one.localeCompare(other));
    this.key = JSON.stringify(this.#criteria);
  }

  /**
   * Whether an event with these facts is wanted; one that lacks what is asked for is not, and one that takes too much work
   * to tell is.
   */
  matches(facts: EventFacts): boolean {
    const budget = { steps: MAX_STEPS };
    return this.#criteria.every(([key, values]) =>
      values.some((value) => MATCHERS[key](facts, value, budget)),
    );
  }
}

type Matcher = (facts: EventFacts, value: string, budget: GlobBudget) => boolean;

const MATCHERS: Readonly<Record<FilterKey, Matcher>> = {
  project: ({ project }, value, budget) => project.some((one) => matchesGlob(value, one, budget)),
  ref: ({ ref }, value, budget) => ref.some((one) => matchesGlob(value, one, budget)),
  path: ({ path }, value, budget) => path === 'any' || path.some((one) => matchesGlob(value, one, budget)),
  author: ({ author }, value, budget) => author.some((one) => matchesGlob(value, one.toLowerCase(), budget)),
  type: ({ type }, value) => type === value,
  hash: ({ hash }, value) => hash.some((one) => one.startsWith(value)),
};

// Why: nobody remembers how an author writes the own mail address, and hashes have no case.
function normalise(key: FilterKey, value: string): string {
  return key === 'author' || key === 'hash' ? value.toLowerCase() : value;
}

function checkValues(criteria: FilterCriteria): void {
  const count = [...criteria.values()].reduce((sum, values) => sum + values.length, 0);
  if (count > MAX_VALUES) throw invalid(`A filter has at most ${MAX_VALUES} values; this one has ${count}.`);
  for (const [key, values] of criteria) for (const value of values) checkValue(key, value);
}

function checkValue(key: FilterKey, value: string): void {
  if (value === '') throw invalid(`The filter "${key}" is empty; leave it out to get all.`);
  if (value.length > MAX_VALUE_LENGTH)
    throw invalid(
      `The filter "${key}" has ${value.length} characters; at most ${MAX_VALUE_LENGTH} are allowed.`,
    );
  if (key === 'type' && !TYPES.includes(value)) {
    const guess = nearest(value, TYPES);
    const hint = guess === undefined ? '' : ` Did you mean "${guess}"?`;
    throw invalid(`There is no type "${value}".${hint} Known: ${TYPES.join(', ')}.`);
  }
  if (key === 'hash' && !HASH.test(value))
    throw invalid(`"${value}" is no commit hash; 7 to 64 hexadecimal digits are.`);
  const wildcards = value.match(/\*+/g)?.length ?? 0;
  if (wildcards > MAX_WILDCARDS)
    throw invalid(
      `The filter ${key}="${value}" has ${wildcards} wildcards; at most ${MAX_WILDCARDS} are allowed.`,
    );
}

function invalid(message: string): GitPubSubError {
  return new GitPubSubError('invalid-query', message);
}

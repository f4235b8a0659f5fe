// What a subscription asks for, as the path and query of a request. [P16, P17, P18, P19]

import { FILTER_KEYS, type FilterKey } from '../core/event-filter.ts';

/** Which events are wanted: for each key any of its globs has to match. The broker does the matching. */
export type Filters = Readonly<Partial<Record<FilterKey, readonly string[]>>>;

/** What is asked for, beside the URL's own path and query. */
export interface Wanted {
  /** More topics in the same stream, each beginning with `/`. */
  readonly topics?: readonly string[] | undefined;
  readonly filters?: Filters | undefined;
  /** Epoch seconds; only where there is no cursor yet. */
  readonly since?: number | undefined;
  /** Whether the request has a cursor of its own: then the URL's start is over, which would win over it. [P20] */
  readonly isResuming: boolean;
  /** Whether the answer ends with what there is. */
  readonly isPoll: boolean;
}

const START_KEYS = ['since', 'cursor', 'lastEventId'];

/** Makes the request's target. */
export function subscribePath(
  url: URL,
  { topics = [], filters = {}, since, isResuming, isPoll }: Wanted,
): string {
  const query = new URLSearchParams(url.search);
  if (isResuming) for (const key of START_KEYS) query.delete(key);
  for (const topic of topics) query.append('topic', topic);
  for (const key of FILTER_KEYS) for (const glob of filters[key] ?? []) query.append(key, glob);
  if (since !== undefined) query.set('since', String(since));
  if (isPoll) query.set('poll', '1');
  return query.size === 0 ? url.pathname : `${url.pathname}?${query.toString()}`;
}

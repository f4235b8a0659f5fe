// Where the page gets its events from, and what a reader may type instead: URLs made of the page's own.

/** How many of the newest events the page begins with, and how many older ones it fetches at a time. */
export const PAGE_EVENTS = 50;

/** What the stream can be filtered by, in the query: core's FILTER_KEYS, which browsers do not get. */
export const FILTER_NAMES = ['project', 'ref', 'path', 'author', 'type', 'hash'] as const;

/** The page's own address. */
export interface PageAddress {
  readonly origin: string;
  readonly pathname: string;
  /** With its question mark, or empty. */
  readonly search: string;
}

const START_NAMES = ['since', 'cursor', 'lastEventId'];

/** Whether the page was asked to begin somewhere else than with the newest events. */
export function hasStart({ search }: Pick<PageAddress, 'search'>): boolean {
  const params = new URLSearchParams(search);
  return START_NAMES.some((name) => params.has(name));
}

/** The stream after a cursor; without one, the newest events and then what comes. */
export function streamUrl({ pathname, search }: PageAddress, cursor: string | undefined): string {
  const params = new URLSearchParams(search);
  if (cursor !== undefined) {
    for (const name of [...START_NAMES, 'last']) params.delete(name);
    params.set('cursor', cursor);
  } else if (!params.has('last')) params.set('last', String(PAGE_EVENTS));
  params.set('format', 'ndjson');
  return `${pathname}?${params}`;
}

/** The events before a cursor. */
export function olderUrl({ pathname, search }: PageAddress, before: string): string {
  const params = new URLSearchParams(search);
  for (const name of START_NAMES) params.delete(name);
  params.set('last', String(PAGE_EVENTS));
  params.set('before', before);
  params.set('poll', '1');
  params.set('format', 'ndjson');
  return `${pathname}?${params}`;
}

/** What to type to get the same events elsewhere. */
export function curlLine({ origin, pathname, search }: PageAddress): string {
  const url = `${origin}${pathname}${search}`.replaceAll("'", String.raw`'\''`);
  return `curl -N '${url}'`;
}

/** The topics from the root to the page's own, with what to call them. */
export function topicTrail(pathname: string): { readonly name: string; readonly href: string }[] {
  const segments = pathname.split('/').filter((segment) => segment !== '');
  return segments.map((segment, index) => ({
    name: decode(segment),
    href: `/${segments.slice(0, index + 1).join('/')}`,
  }));
}

/** The page's query with other filters; a blank value takes one out. */
export function filteredSearch(search: string, filters: ReadonlyMap<string, string>): string {
  const params = new URLSearchParams(search);
  for (const [name, value] of filters) {
    params.delete(name);
    if (value.trim() !== '') params.set(name, value.trim());
  }
  const query = params.toString();
  return query === '' ? '' : `?${query}`;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

// Fetches events that are older than those shown.
import { LineSplitter } from './line-splitter.ts';
import { readRefusal } from './refusal.ts';
import { request } from './request.ts';
import { readItem, type EventItem } from './stream-item.ts';

/** A part of the past. */
export interface OlderEvents {
  /** In the order of the log, the oldest first. */
  readonly events: readonly EventItem[];
  /** Where the next part ends; `undefined` when nothing older is held. */
  readonly before: string | undefined;
}

/** Where matching events are rare, an answer may be empty: so many more are asked for before the reader decides. */
const MAX_REQUESTS = 10;

/** Fetches until there is something to show. @throws Error with the server's words */
export async function fetchOlder(urlBefore: (cursor: string) => string, from: string): Promise<OlderEvents> {
  let before: string | undefined = from;
  let events: readonly EventItem[] = [];
  for (let i = 0; i < MAX_REQUESTS && before !== undefined && events.length === 0; i++)
    ({ events, before } = await fetchPart(urlBefore(before)));
  return { events, before };
}

async function fetchPart(url: string): Promise<OlderEvents> {
  const response = await request(url);
  if (!response.ok) throw new Error((await readRefusal(response)).words);
  const lines = new LineSplitter().push(await response.text());
  const events = lines.map(readItem).filter((item) => item?.kind === 'event');
  return { events, before: response.headers.get('X-Before') ?? undefined };
}

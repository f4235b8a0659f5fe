// Where a subscriber resumes: from what its headers and query say to an offset. Times stop here. (Invariant: I6)
import type { Broker } from '../broker/broker.ts';
import type { ResumePoint } from '../broker/start-points.ts';
import { formatCursor, type Cursor } from '../core/cursor.ts';
import type { Selection } from '../core/selection.ts';
import type { HeaderList } from './exchange.ts';
import { readCursor, type SubscribeQuery } from './query.ts';
import type { RequestHead } from './request-head.ts';
import { parseSeconds } from './seconds.ts';
import type { GapNotice } from './stream-format.ts';

/** A starting point, and what the client is told of it. */
export interface Resume {
  readonly start: ResumePoint;
  readonly gap: GapNotice | undefined;
  /** Where a look back ends; `undefined` where it is not one. */
  readonly until?: number;
  readonly headers: HeaderList;
}

/**
 * Finds where to start: the strongest of the values given counts. [P19, P20]
 * @throws GitPubSubError `invalid-cursor` or `log-unavailable`
 */
export async function resolveResume(
  broker: Broker,
  head: RequestHead,
  query: SubscribeQuery,
  selection: Selection,
): Promise<Resume> {
  const cursor =
    readCursor(head.get('last-event-id')) ??
    query.lastEventId ??
    readCursor(head.get('x-fetch-since-cursor')) ??
    query.cursor;
  if (cursor) return describe(await broker.starts.atCursor(cursor), formatCursor(cursor));
  const since = readSinceHeader(head) ?? query.since;
  const timeMs = since === undefined ? undefined : parseSeconds(since);
  if (since !== undefined && timeMs !== undefined)
    return describe(await broker.starts.atTime(timeMs), since, [['X-Fetching-Since', since]]);
  if (query.last === undefined) return describe(broker.starts.live(), '');
  return lookBack(broker, selection, query.last, query.before);
}

// The weakest of all, so that a client that reconnects with the same URL goes on where it was. [P16]
async function lookBack(
  broker: Broker,
  selection: Selection,
  count: number,
  before: Cursor | undefined,
): Promise<Resume> {
  const end = before && (await broker.starts.atCursor(before));
  if (before && end?.gap) return { ...describe(end, formatCursor(before)), until: end.offset };
  const until = end && end.offset - 1;
  const start = await broker.starts.atNewest(selection, count, until);
  const headers: HeaderList = broker.starts.holdsUpTo(start.offset)
    ? [['X-Before', broker.cursorAt(start.offset + 1)]]
    : [];
  if (until === undefined) return { start, gap: undefined, headers };
  // Pruning may have overtaken it: then it ends where it starts.
  return { start, gap: undefined, headers, until: Math.max(until, start.offset) };
}

function describe(start: ResumePoint, requested: string, headers: HeaderList = []): Resume {
  if (start.gap === undefined) return { start, gap: undefined, headers };
  return {
    start,
    gap: { reason: start.gap, requested },
    headers: [...headers, ['X-Fetch-Gap', start.gap]], // [P21]
  };
}

// A client in the wild sends `None` before its first event: no number in the header means live only. [P19]
function readSinceHeader(head: RequestHead): string | undefined {
  const text = head.get('x-fetch-since');
  return text !== undefined && parseSeconds(text) !== undefined ? text : undefined;
}

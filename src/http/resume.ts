// Where a subscriber resumes: from what its headers and query say to an offset. Times stop here. (Invariant: I6)
import type { Broker, ResumePoint } from '../broker/broker.ts';
import { parseCursor } from '../core/cursor.ts';
import type { HeaderList } from './exchange.ts';
import type { SubscribeQuery } from './query.ts';
import type { RequestHead } from './request-head.ts';
import { parseSeconds } from './seconds.ts';

/** A starting point, and what the answer's head says of it. */
export interface Resume {
  readonly start: ResumePoint;
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
): Promise<Resume> {
  const cursor =
    readCursor(head.get('last-event-id')) ??
    query.lastEventId ??
    readCursor(head.get('x-fetch-since-cursor')) ??
    query.cursor;
  if (cursor) return describe(broker, await broker.startAtCursor(cursor));
  const since = readSinceHeader(head) ?? query.since;
  const timeMs = since === undefined ? undefined : parseSeconds(since);
  if (since === undefined || timeMs === undefined) return describe(broker, broker.startLive());
  return describe(broker, await broker.startAtTime(timeMs), [['X-Fetching-Since', since]]);
}

function describe(broker: Broker, start: ResumePoint, headers: HeaderList = []): Resume {
  const gap: HeaderList = start.gap ? [['X-Fetch-Gap', start.gap]] : []; // [P21]
  return { start, headers: [['X-Cursor', broker.cursorAt(start.after)], ...headers, ...gap] };
}

function readCursor(text: string | undefined): ReturnType<typeof parseCursor> | undefined {
  return text === undefined ? undefined : parseCursor(text);
}

// A client in the wild sends `None` before its first event: no number in the header means live only. [P19]
function readSinceHeader(head: RequestHead): string | undefined {
  const text = head.get('x-fetch-since');
  return text !== undefined && parseSeconds(text) !== undefined ? text : undefined;
}

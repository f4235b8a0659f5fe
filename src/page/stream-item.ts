// The lines of a stream, told apart: events, gap notices, keep-alives. [P12, P13, P21]
import { toRecord, toText } from './unknown-value.ts';

/** An event as it came. */
export interface EventItem {
  readonly kind: 'event';
  readonly cursor: string;
  /** When it was published, UTC milliseconds. */
  readonly timeMs: number;
  readonly topic: string;
  /** The line, with the broker's members. */
  readonly line: string;
  readonly members: Readonly<Record<string, unknown>>;
}

/** Says that the stream does not go on where it was asked to. */
export interface GapItem {
  readonly kind: 'gap';
  readonly cursor: string;
  readonly reason: string;
  /** The time of the oldest event that is held, UTC milliseconds. */
  readonly oldestMs: number;
}

/** Says that the stream is alive, and how far it is. */
export interface AliveItem {
  readonly kind: 'alive';
  readonly cursor: string;
}

/** One line of a stream. */
export type StreamItem = EventItem | GapItem | AliveItem;

/** Reads a line; `undefined` for one that is none of ours. */
export function readItem(line: string): StreamItem | undefined {
  const members = toRecord(parse(line));
  if (!members) return undefined;
  const cursor = toText(members['pubsub_cursor']);
  if ('stillalive' in members) return { kind: 'alive', cursor };
  const gap = toRecord(members['pubsub_gap']);
  if (gap)
    return { kind: 'gap', cursor, reason: toText(gap['reason']), oldestMs: Number(gap['oldest']) * 1000 };
  const timeMs = Number(members['pubsub_timestamp']) * 1000;
  return { kind: 'event', cursor, timeMs, topic: toText(members['pubsub_path']), line, members };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // What a proxy adds, perhaps; the cursor does not move over it.
  }
}

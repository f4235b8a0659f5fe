// What a line of an NDJSON stream says: an event, a notice of a gap, or a keep-alive. [P13, P21]
import { isObject } from '../core/json-object.ts';
import { parseObject } from './answer.ts';
import { StreamError } from './line-splitter.ts';

/** What a subscriber gets, in the order of the log. */
export type StreamItem<Value = unknown> = StreamEvent<Value> | StreamGap;

/** A published event. */
export interface StreamEvent<Value = unknown> {
  readonly type: 'event';
  /** What was published. As JSON.parse reads it, so numbers beyond 2^53 are not exact: {@link line} has them. */
  readonly value: Value;
  /** The topic, shown as a path, such as `/json/widget/main`. */
  readonly topic: string;
  /** The topic's segments, decoded. */
  readonly segments: readonly string[];
  /** When it was stored, epoch seconds with milliseconds. */
  readonly timestamp: number;
  /** A subscription with this cursor starts after this event. */
  readonly cursor: string;
  /** The JSON text as it came: the published members, then `pubsub_timestamp`, `pubsub_path`, `pubsub_topics`, `pubsub_cursor`. */
  readonly line: string;
}

/** Events are missing here: the log does not hold all that was asked for any more. Look it up elsewhere before you go on. [P21] */
export interface StreamGap {
  readonly type: 'gap';
  /** `expired`: events were pruned; `unknown`: the cursor is of another log, or of a part that this one has lost. */
  readonly reason: string;
  /** The cursor or time that was asked for. */
  readonly requested: string;
  /** When the oldest event that is held was stored, epoch seconds: the stream goes on from there. */
  readonly oldest: number;
  readonly cursor: string;
  /** The JSON text as it came. */
  readonly line: string;
}

/** A sign of life that moves the cursor. [P12] */
export interface KeepAlive {
  readonly type: 'keep-alive';
  /** When the broker sent it, epoch seconds. */
  readonly timestamp: number;
  readonly cursor: string;
}

/** Reads a line. @throws StreamError if no broker would send it */
export function parseLine(line: string): StreamItem | KeepAlive {
  const members = parseObject(line);
  const cursor = members?.['pubsub_cursor'];
  if (members === undefined || typeof cursor !== 'string') throw notOurs(line);
  const timestamp = members['stillalive'];
  if (typeof timestamp === 'number') return { type: 'keep-alive', timestamp, cursor };
  if (isObject(members['pubsub_gap'])) return readGap(members['pubsub_gap'], cursor, line);
  return readEvent(members, cursor, line);
}

function readGap(gap: Readonly<Record<string, unknown>>, cursor: string, line: string): StreamGap {
  const { reason, requested, oldest } = gap;
  return {
    type: 'gap',
    reason: String(reason),
    requested: String(requested),
    oldest: Number(oldest),
    cursor,
    line,
  };
}

function readEvent(members: Readonly<Record<string, unknown>>, cursor: string, line: string): StreamEvent {
  const {
    pubsub_timestamp: timestamp,
    pubsub_path: topic,
    pubsub_topics: segments,
    pubsub_cursor: _,
    ...rest
  } = members;
  if (typeof timestamp !== 'number' || typeof topic !== 'string' || !Array.isArray(segments))
    throw notOurs(line);
  return {
    type: 'event',
    value: unwrap(rest),
    topic,
    segments: segments as readonly string[],
    timestamp,
    cursor,
    line,
  };
}

// A value that is no object stands in `pubsub_payload`, alone; an object there was published under that name.
function unwrap(rest: Readonly<Record<string, unknown>>): unknown {
  const { pubsub_payload: payload, ...others } = rest;
  const isWrapped = payload !== undefined && !isObject(payload) && Object.keys(others).length === 0;
  return isWrapped ? payload : rest;
}

function notOurs(line: string): StreamError {
  return new StreamError(`This is no line of a GitPubSub broker: ${JSON.stringify(line.slice(0, 100))}`);
}

// An event as the log holds it.
import type { Topic } from './topic.ts';

/** An event that has not been stored yet. */
export interface NewEvent {
  readonly topic: Topic;
  /** The publisher's JSON text without white space outside strings. [P7] */
  readonly payload: string;
}

/** A stored event. */
export interface Event extends NewEvent {
  /** Position in the log, from 1, without holes, never reused. */
  readonly offset: number;
  /** When it was stored, UTC milliseconds since 1970; never less than that of a lower offset. */
  readonly timeMs: number;
}

/** Size of a payload as it counts for retention and statistics, in UTF-8 bytes. */
export function payloadBytes(event: NewEvent): number {
  return Buffer.byteLength(event.payload);
}

// An event as the log holds it.
import type { Topic } from './topic.ts';

/** An event that has not been stored yet. */
export interface NewEvent {
  readonly topic: Topic;
  /** The publisher's JSON text without white space outside strings. [P7] */
  readonly payload: string;
}

/** What makes a repeated append recognisable. [P9] */
export interface Idempotency {
  /** Whose key it is: the same key of another principal is another key. */
  readonly principal: string;
  readonly key: string;
  /** Names what is stored, or what it was made of: a repeat has the same one. */
  readonly fingerprint: string;
}

/** Events to store together. */
export interface Append {
  /** At least one. */
  readonly events: readonly NewEvent[];
  /** Who published them, for the audit; no subscriber gets it: `principal ci`, `address 192.0.2.1`, `unix`. */
  readonly publisher: string;
  readonly idempotency?: Idempotency | undefined;
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

// What the broker counts, since start. Whoever shows it reads it when asked.

/** Why a stream ended: for its client, or for us. */
export type StreamEnd =
  | 'client left'
  | 'done'
  | 'shutting down'
  | 'stalled'
  | 'right withdrawn'
  | 'overtaken by pruning'
  | 'the log could not be read';

/** Why a subscription does not start where its client asked. [P21] */
export type GapReason = 'unknown' | 'expired';

/** Counts by name, from 0. */
export class Tally<Name extends string> {
  readonly #counts = new Map<Name, number>();

  /** Counts one more, or so many. */
  add(name: Name, count: number = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  /** What was counted so far. */
  entries(): Iterable<readonly [Name, number]> {
    return this.#counts.entries();
  }
}

/** Counters of one broker. */
export class BrokerStatistics {
  /** Events stored. */
  publishedEvents = 0;
  /** Requests that were repeats of an earlier one, and stored nothing. */
  deduplicatedRequests = 0;
  /** Events handed to live streams, counted once for each. */
  deliveredEvents = 0;
  /** Events handed to streams from the log. */
  replayedEvents = 0;
  readonly gaps: Tally<GapReason> = new Tally<GapReason>();
  readonly ends: Tally<StreamEnd> = new Tally<StreamEnd>();
}

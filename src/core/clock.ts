// The clock port, and the one clock that times handed to the outside come from.

/** Where the time comes from. */
export interface Clock {
  /** Wall clock, UTC milliseconds since 1970, whole; may jump. */
  nowMs(): number;
  /** Milliseconds since some fixed moment; never jumps, says nothing about the date. */
  monotonicMs(): number;
}

/** The clock of the machine. */
export const SYSTEM_CLOCK: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/**
 * A wall clock that stands still while the machine's clock is behind what was handed out already. Event times and
 * keep-alive times come from one instance, so that no later event is older than a time a client was told. [P12, P19]
 */
export class SteadyClock {
  readonly #clock: Clock;
  #latestMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** UTC milliseconds since 1970, whole, never less than before. */
  nowMs(): number {
    this.#latestMs = Math.max(this.#latestMs, this.#clock.nowMs());
    return this.#latestMs;
  }

  /** Never say a time before this one; called with the newest stored event's time at start. */
  startAt(timeMs: number): void {
    this.#latestMs = Math.max(this.#latestMs, timeMs);
  }
}

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
 * How fast the steady clock goes while the machine's clock is behind it. Not 0, so that times stay apart and who resumes
 * from one gets little again; not 1, so that the machine's clock catches up.
 */
const CATCH_UP_SPEED = 0.5;

/**
 * A wall clock that never falls: it goes at half speed while the machine's clock is behind what was handed out already.
 * Event times and keep-alive times come from one instance, so that no later event is older than a time a client was
 * told. [P12, P19]
 */
export class SteadyClock {
  readonly #clock: Clock;
  /** Where it goes on from while the machine's clock is behind. */
  #baseMs = 0;
  #baseMonotonicMs = 0;
  #limitMs = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** UTC milliseconds since 1970, whole, never less than before, never beyond the limit. */
  nowMs(): number {
    const wallMs = this.#clock.nowMs();
    const monotonicMs = this.#clock.monotonicMs();
    const slowMs = this.#slowMs(monotonicMs);
    if (wallMs > slowMs) this.#setBase(Math.min(wallMs, this.#limitMs), monotonicMs);
    return Math.min(Math.max(wallMs, slowMs), this.#limitMs);
  }

  /** What it would say without a limit. */
  wantedMs(): number {
    return Math.max(this.#clock.nowMs(), this.#slowMs(this.#clock.monotonicMs()));
  }

  /** Never say a time before this one; called at start with the latest time that may have been handed out before. */
  startAt(timeMs: number): void {
    if (timeMs > this.#baseMs) this.#setBase(timeMs, this.#clock.monotonicMs());
  }

  /** Say no time beyond this one until another limit is set; none is below what was said. */
  limitTo(timeMs: number): void {
    this.#limitMs = timeMs;
  }

  #slowMs(monotonicMs: number): number {
    return this.#baseMs + Math.floor((monotonicMs - this.#baseMonotonicMs) * CATCH_UP_SPEED);
  }

  #setBase(timeMs: number, monotonicMs: number): void {
    this.#baseMs = timeMs;
    this.#baseMonotonicMs = monotonicMs;
  }
}

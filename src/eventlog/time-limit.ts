// How far the steady clock may go before the log has to remember more. A limit is stored first, and no time beyond it is
// told, so that a restart knows a time that no client was told a later one than. [P12, P19]
import type { Clock, SteadyClock } from '../core/clock.ts';

/**
 * How far ahead of the machine's clock the limit is, in milliseconds; by so much at the most, times run ahead after a
 * crash.
 */
const AHEAD_MS = 10_000;

/** By how much a new limit must pass the one before, in milliseconds; so often a broker without events writes. */
const STEP_MS = 5_000;

/** The same while the limit holds up the clock, which is so after a crash and while the machine's clock is behind. */
const SHORT_STEP_MS = 1_000;

/** The limit of one steady clock. */
export class TimeLimit {
  readonly #steadyClock: SteadyClock;
  readonly #clock: Clock;
  #limitMs: number;

  /** `toldMs`: no later time was told by earlier runs; UTC milliseconds. */
  constructor(steadyClock: SteadyClock, clock: Clock, toldMs: number) {
    this.#steadyClock = steadyClock;
    this.#clock = clock;
    this.#limitMs = toldMs;
    steadyClock.startAt(toldMs);
    steadyClock.limitTo(toldMs);
  }

  /** The one that holds; UTC milliseconds. */
  get ms(): number {
    return this.#limitMs;
  }

  /**
   * The one to store now, if it is time. While the machine's clock is behind, it grows no faster than the time that
   * passes: brokers that crash again and again don't run away.
   */
  dueMs(): number | undefined {
    const wantedMs = this.#steadyClock.wantedMs();
    const nextMs = Math.max(this.#clock.nowMs() + AHEAD_MS, wantedMs);
    const stepMs = wantedMs >= this.#limitMs ? SHORT_STEP_MS : STEP_MS;
    return nextMs - this.#limitMs >= stepMs ? nextMs : undefined;
  }

  /** The one to store at the end: no time is told any more. */
  finalMs(): number {
    return this.#steadyClock.nowMs();
  }

  /** This one is stored and holds from now on. */
  move(limitMs: number): void {
    this.#limitMs = limitMs;
    this.#steadyClock.limitTo(limitMs);
  }
}

// A clock that stands still until a test moves it; wall and monotonic time move together unless the wall clock is set.
import type { Clock } from '../../src/core/clock.ts';

/** Some moment in 2023, UTC milliseconds. */
export const FAKE_START_MS = 1_700_000_000_000;

export class FakeClock implements Clock {
  #wallMs = FAKE_START_MS;
  #monotonicMs = 5_000;

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** Lets time pass. */
  advance(ms: number): void {
    this.#wallMs += ms;
    this.#monotonicMs += ms;
  }

  /** Sets the wall clock forward or back, as an operator or NTP does; no time passes. */
  shiftWall(ms: number): void {
    this.#wallMs += ms;
  }
}

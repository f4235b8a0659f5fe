// A token bucket: how much may come on average, and how much at once. Knows no clock.

/** How fast a bucket fills, and what it holds: what comes in `burstSeconds`. */
export interface Rate {
  readonly perSecond: number;
  readonly burstSeconds: number;
}

/** What sums of fractions may be off by, in milliseconds; without it a bucket would refuse the last of what it holds. */
const TOLERANCE_MS = 0.001;

/**
 * One bucket, kept as the moment at which it will be full, so that it can be forgotten then, and any other rate holds from
 * now on. More than it holds may be taken while it is full, or nobody could ever send that; it then owes the rest.
 */
export class RateBucket {
  #fullAtMs = -Infinity;

  /** How long until so much may be taken, in milliseconds; 0 for now. */
  waitMs(amount: number, { perSecond, burstSeconds }: Rate, nowMs: number): number {
    const wantedMs = Math.min(amount / perSecond, burstSeconds) * 1000;
    const heldMs = burstSeconds * 1000 - Math.max(0, this.#fullAtMs - nowMs);
    const missingMs = wantedMs - heldMs;
    return missingMs > TOLERANCE_MS ? missingMs : 0;
  }

  /** Takes so much, whether it is there or not. */
  take(amount: number, { perSecond }: Rate, nowMs: number): void {
    this.#fullAtMs = Math.max(this.#fullAtMs, nowMs) + (amount / perSecond) * 1000;
  }

  /** Whether it is as a new one. */
  isFull(nowMs: number): boolean {
    return this.#fullAtMs <= nowMs;
  }
}

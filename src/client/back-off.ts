// How long to wait before the next try: exponential with full jitter, so that clients that lost a broker together do not
// come back together. Knows no clock and no timer.

/** The bounds of the waits, in milliseconds. */
export interface BackOffOptions {
  /** Most that the first wait takes; each further one may take twice as long. */
  readonly firstMs?: number;
  readonly longestMs?: number;
  /** From 0 to 1; for tests. */
  readonly random?: () => number;
}

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

// Most that a server can make a client wait; beyond it a slip in a Retry-After would be a lost client.
const LONGEST_RETRY_AFTER_MS = 3_600_000;

/** The waits between the tries of one thing. */
export class BackOff {
  readonly #firstMs: number;
  readonly #longestMs: number;
  readonly #random: () => number;
  #failureCount = 0;

  constructor({ firstMs = FIRST_MS, longestMs = LONGEST_MS, random = Math.random }: BackOffOptions = {}) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
    this.#random = random;
  }

  /** The wait after one more failure; never less than what the server has asked for. */
  nextMs(retryAfterMs = 0): number {
    const ceilingMs = Math.min(this.#longestMs, this.#firstMs * 2 ** Math.min(this.#failureCount, 30));
    this.#failureCount += 1;
    return Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS) + Math.floor(this.#random() * ceilingMs);
  }

  /** Called after a success. */
  reset(): void {
    this.#failureCount = 0;
  }
}

// How long a stream may say nothing: 2.5 of the broker's keep-alive intervals, which are learnt from what it sends. [P12]

// The broker's default, assumed until something is learnt, and the most it can be set to.
const DEFAULT_INTERVAL_MS = 5_000;
const LONGEST_INTERVAL_MS = 8_000;

// Least that is learnt: a broker that sends more often is not watched more closely.
const SHORTEST_INTERVAL_MS = 1_000;

const ALLOWED_INTERVALS = 2.5;

// A single interval may be a short one, such as after a nudge to a slow reader.
const ENOUGH_INTERVALS = 3;

/** Watches the keep-alives of one broker, over any number of streams. */
export class KeepAliveRhythm {
  readonly #setMs: number | undefined;
  #longestMs = 0;
  #intervalCount = 0;
  #lastIdleMs: number | undefined;
  #isIdle = false;

  /** `setMs` is the interval where it is known; nothing is learnt then. */
  constructor(setMs?: number) {
    this.#setMs = setMs;
  }

  /** After so long without a byte the stream is dead. */
  get limitMs(): number {
    return ALLOWED_INTERVALS * (this.#setMs ?? this.#learntMs());
  }

  /** A stream has begun. */
  noteStart(): void {
    this.noteEvent();
  }

  /** Something else than a keep-alive has come. */
  noteEvent(): void {
    this.#isIdle = false;
    this.#lastIdleMs = undefined;
  }

  /** A keep-alive has come that was sent at this time: by the broker's clock, because a slow reader finds several at once. */
  noteKeepAlive(sentMs: number): void {
    // Why: the one that follows a batch, or begins a stream, keeps no rhythm; the interval to the next one may be short.
    if (!this.#isIdle) {
      this.#isIdle = true;
      return;
    }
    if (this.#lastIdleMs !== undefined) {
      this.#longestMs = Math.max(this.#longestMs, sentMs - this.#lastIdleMs);
      this.#intervalCount += 1;
    }
    this.#lastIdleMs = sentMs;
  }

  #learntMs(): number {
    if (this.#intervalCount < ENOUGH_INTERVALS) return DEFAULT_INTERVAL_MS;
    return Math.min(LONGEST_INTERVAL_MS, Math.max(SHORTEST_INTERVAL_MS, this.#longestMs));
  }
}

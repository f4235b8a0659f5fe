// How long a stream may say nothing: 2.5 of the broker's keep-alive intervals, or of the default one if that is longer. [P12]

// The broker's default, and the most it can be set to. Why never less: a broker that sends more often today may send less
// often after a restart, and the times it states may stand still.
const DEFAULT_INTERVAL_MS = 5_000;
const LONGEST_INTERVAL_MS = 8_000;

const ALLOWED_INTERVALS = 2.5;

/** Watches the keep-alives of one stream after the other. */
export class KeepAliveRhythm {
  readonly #setMs: number | undefined;
  #longestMs = 0;
  #lastMs: number | undefined;

  /** `setMs` is the interval where it is known; nothing is learnt then. */
  constructor(setMs?: number) {
    this.#setMs = setMs;
  }

  /** After so long without a byte the stream is dead. */
  get limitMs(): number {
    const learntMs = Math.min(LONGEST_INTERVAL_MS, Math.max(DEFAULT_INTERVAL_MS, this.#longestMs));
    return ALLOWED_INTERVALS * (this.#setMs ?? learntMs);
  }

  /** A stream has begun: what another one has taught is forgotten. */
  noteStart(): void {
    this.#longestMs = 0;
    this.#lastMs = undefined;
  }

  /** A keep-alive has come that was sent at this time: by the broker's clock, because a slow reader finds several at once. */
  noteKeepAlive(sentMs: number): void {
    if (this.#lastMs !== undefined) this.#longestMs = Math.max(this.#longestMs, sentMs - this.#lastMs);
    this.#lastMs = sentMs;
  }
}

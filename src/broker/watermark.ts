// How far a stream is.

/** What a stream's client may resume from. */
export interface Watermark {
  /** Everything up to this offset was handed over, or is not wanted. */
  readonly offset: number;
  /** No event after that is older; UTC milliseconds. [P12] */
  readonly timeMs: number;
}

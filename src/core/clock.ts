// The clock port: what the time is, so that tests can say it.

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

// How long to wait before connecting again.

/** The first wait and the longest, in milliseconds: a restart takes a second or two, and nobody wants to wait for minutes. */
const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/**
 * Twice as long each time, and by chance up to half of it less, so that not all pages come back at once.
 * `failures` is how often in a row it failed before, `random` below 1.
 */
export function retryDelayMs(failures: number, random: number): number {
  const delayMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10));
  return Math.round(delayMs * (1 - random / 2));
}

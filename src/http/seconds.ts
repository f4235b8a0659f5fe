// Times on the wire are epoch seconds; inside they are whole milliseconds. (Invariant: I6)

/** Milliseconds as a decimal number of seconds that always shows its fraction, so that every parser reads a float. */
export function toSeconds(timeMs: number): string {
  return (timeMs / 1000).toFixed(3);
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * Epoch seconds as a client sends them, as whole milliseconds, rounded down, so that a moment is never taken for a
 * later one; a value without a fraction is its second's begin. [P19]
 * @returns `undefined` when the text is not a number
 */
export function parseSeconds(text: string): number | undefined {
  const seconds = NUMBER.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(seconds)) return undefined;
  // Why toFixed: 1.001 s must not become 1000 ms because its product is a hair less than 1001.
  return Math.floor(Number((seconds * 1000).toFixed(3)));
}

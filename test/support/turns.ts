// Waiting by turns of the event loop instead of by time.

/** Lets the loop turn so many times; what was scheduled for a turn has run when it is over. */
export async function passTurns(count: number = 1): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

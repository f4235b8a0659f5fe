// Waiting with a deadline: every wait of a test ends in a value or in a sentence that says what did not happen.
// It knows nothing of brokers or sockets.

/** How long a test waits for something that should happen within milliseconds; generous, so that a busy machine fails no test. */
export const defaultDeadlineMs = 10_000;

/** Gives the promise's value, or rejects with what `describe` says once the deadline has passed. */
export async function withDeadline<T>(
  promise: Promise<T>,
  describe: () => string,
  deadlineMs: number = defaultDeadlineMs,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`not within ${String(deadlineMs)} ms: ${describe()}`));
    }, deadlineMs);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again and again until the probe gives a value; for state that announces no change of itself. */
export async function pollUntil<T>(
  probe: () => T | undefined | Promise<T | undefined>,
  what: string,
  deadlineMs: number = defaultDeadlineMs,
): Promise<T> {
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() > endMs) throw new Error(`not within ${String(deadlineMs)} ms: ${what}`);
    await pauseFor(20);
  }
}

/** Lets time pass, for the few tests whose subject is time itself. */
export async function pauseFor(durationMs: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}

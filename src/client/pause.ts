// Waiting, as all of the client waits.
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves after so long. @throws the signal's reason, soon after it */
export async function pause(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(durationMs, undefined, signal ? { signal } : {});
  } catch (error) {
    // Why: node throws an error of its own, with the reason as its cause.
    signal?.throwIfAborted();
    throw error;
  }
}

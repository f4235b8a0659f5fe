// Notices when an input pauses, as that of `tail -f` does, so that what has come need not wait for what has not.
import type { Readable } from 'node:stream';

/** The chunks of an input, and `undefined` once it has paused for so long; without a time, the chunks alone. */
export async function* withPauses(
  input: Readable,
  pauseMs: number | undefined,
): AsyncGenerator<Buffer | undefined, void, undefined> {
  const chunks = (input as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = chunks.next();
      if (pauseMs !== undefined && (await isLate(next, pauseMs))) yield undefined;
      const result = await next;
      if (result.done === true) return;
      yield result.value;
    }
  } finally {
    input.destroy(); // Why not the iterator's end: it would wait for the next chunk.
  }
}

async function isLate(next: Promise<unknown>, pauseMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const pause = new Promise<true>((resolve) => {
    timer = setTimeout(() => resolve(true), pauseMs);
  });
  // Why both: a failure is for whoever takes the chunk.
  const inTime = next.then(
    () => false,
    () => false,
  );
  try {
    return await Promise.race([pause, inTime]);
  } finally {
    clearTimeout(timer);
  }
}

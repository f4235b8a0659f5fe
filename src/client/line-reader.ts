// Lines of an answer as they arrive. Nothing is read while nobody asks for the next line, so a slow reader slows the broker
// down instead of filling the memory.
import type { IncomingMessage } from 'node:http';
import { LineSplitter } from './line-splitter.ts';

/**
 * The lines of an answer; what stands after the last line end was cut, and is none. Leaving the loop ends the connection.
 * @throws Error if the connection is cut, or silent for `limitMs`, which is asked each time
 */
export async function* readLines(
  response: IncomingMessage,
  limitMs: () => number,
): AsyncGenerator<string, void, undefined> {
  const chunks = (response as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const splitter = new LineSplitter();
  try {
    for (;;) {
      const chunk = await nextWithin(response, chunks, limitMs());
      if (chunk === undefined) return;
      for (const line of splitter.add(chunk)) yield line.toString();
    }
  } finally {
    response.destroy();
  }
}

// Why the timer runs only here: a reader that takes its time must not take the stream for dead.
async function nextWithin(
  response: IncomingMessage,
  chunks: AsyncIterator<Buffer, unknown>,
  limitMs: number,
): Promise<Buffer | undefined> {
  const timer = setTimeout(() => {
    response.destroy(new Error(`the stream was silent for ${Math.round(limitMs / 100) / 10} seconds`));
  }, limitMs);
  try {
    const result = await chunks.next();
    return result.done === true ? undefined : result.value;
  } finally {
    clearTimeout(timer);
  }
}

// Lines of an answer as they arrive. Nothing is read while nobody asks for the next line, so a slow reader slows the broker
// down instead of filling the memory.
import type { IncomingMessage } from 'node:http';

const LINE_FEED = 0x0a;

// Longest line, in bytes: several times what a broker can send. Beyond it the sender is something else, and our memory is bounded.
const MAX_LINE_BYTES: number = 4 * 1024 * 1024;

/** A stream that can't be read any further, though the connection is well. */
export class StreamError extends Error {
  override readonly name = 'StreamError';
}

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
      yield* splitter.add(chunk);
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

/** Puts lines together that arrive in pieces. */
class LineSplitter {
  #pieces: Buffer[] = [];
  #length = 0;

  /** The lines that end in this chunk. @throws StreamError */
  *add(chunk: Buffer): Generator<string, void, undefined> {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.#keep(chunk.subarray(start, end));
      start = end + 1;
      yield this.#take();
    }
    this.#keep(chunk.subarray(start));
  }

  #keep(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length > MAX_LINE_BYTES) throw new StreamError(`A line has over ${MAX_LINE_BYTES} bytes.`);
    if (piece.length > 0) this.#pieces.push(piece);
  }

  #take(): string {
    const [first] = this.#pieces;
    const line = (this.#pieces.length === 1 && first ? first : Buffer.concat(this.#pieces)).toString();
    this.#pieces = [];
    this.#length = 0;
    return line;
  }
}

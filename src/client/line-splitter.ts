// Lines out of chunks of any size. Only a line feed ends one: JSON may hold all other line ends of Unicode.

const LINE_FEED = 0x0a;

// Longest line, in bytes: several times what a broker takes or sends. Beyond it: `StreamError`, so that memory is bounded.
const MAX_LINE_BYTES: number = 4 * 1024 * 1024;

/** Something that can't be read any further, though nothing is wrong with the connection. */
export class StreamError extends Error {
  override readonly name = 'StreamError';
}

/** Puts lines together that arrive in pieces; as bytes, because what is no UTF-8 is for others to judge. */
export class LineSplitter {
  #pieces: Buffer[] = [];
  #length = 0;

  /** The lines that end in this chunk. @throws StreamError */
  *add(chunk: Buffer): Generator<Buffer, void, undefined> {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.#keep(chunk.subarray(start, end));
      start = end + 1;
      yield this.#take();
    }
    this.#keep(chunk.subarray(start));
  }

  /** What stands after the last line end. */
  rest(): Buffer {
    return this.#take();
  }

  #keep(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length > MAX_LINE_BYTES) throw new StreamError(`A line has over ${MAX_LINE_BYTES} bytes.`);
    if (piece.length > 0) this.#pieces.push(piece);
  }

  #take(): Buffer {
    const [first] = this.#pieces;
    const line = this.#pieces.length === 1 && first ? first : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#length = 0;
    return line;
  }
}

// Reads records from a stream of chunks: up to a delimiter, or so many bytes. Knows nothing of git.

/** Reads a stream of bytes piece by piece, holding one chunk of it. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** What comes before the next delimiter, or before the end; undefined when nothing is left. */
  async readUntil(delimiter: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    for (;;) {
      const end = this.#rest.indexOf(delimiter);
      if (end !== -1) return joined(parts, this.#take(end, 1));
      if (this.#rest.length > 0) parts.push(this.#take(this.#rest.length));
      if (!(await this.#fill())) return parts.length === 0 ? undefined : Buffer.concat(parts);
    }
  }

  /** Reads `length` bytes and gives the first `keepBytes` of them; fewer only if the stream ends before. */
  async read(length: number, keepBytes: number = length): Promise<Buffer> {
    const parts: Buffer[] = [];
    let kept = 0;
    for (let left = length; left > 0;) {
      if (this.#rest.length === 0 && !(await this.#fill())) break;
      const part = this.#take(Math.min(left, this.#rest.length));
      left -= part.length;
      if (kept < keepBytes) parts.push(part.subarray(0, keepBytes - kept));
      kept += part.length;
    }
    return Buffer.concat(parts);
  }

  /** Ends the stream. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #fill(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done === true) return false;
    this.#rest = next.value;
    return true;
  }

  #take(length: number, skipped: number = 0): Buffer {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length + skipped);
    return taken;
  }
}

function joined(parts: readonly Buffer[], last: Buffer): Buffer {
  return parts.length === 0 ? last : Buffer.concat([...parts, last]);
}

// Cuts runs of bytes into lines, whatever pieces they arrive in.
import type { TakeBytes } from './chunked-body.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** `takeLine` gets each line without its end, CR LF or LF. */
export class LineSplitter {
  readonly #takeLine: TakeBytes;
  #begun = Buffer.alloc(0);
  #begunBytes = 0;

  constructor(takeLine: TakeBytes) {
    this.#takeLine = takeLine;
  }

  push(buffer: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const lineFeed = buffer.indexOf(LINE_FEED, at);
      const isWhole = lineFeed >= 0 && lineFeed < end;
      if (isWhole && this.#begunBytes === 0) this.#emit(buffer, at, lineFeed);
      else this.#keep(buffer, at, isWhole ? lineFeed : end);
      if (!isWhole) return;
      if (this.#begunBytes > 0) this.#emitBegun();
      at = lineFeed + 1;
    }
  }

  #emitBegun(): void {
    this.#emit(this.#begun, 0, this.#begunBytes);
    this.#begunBytes = 0;
  }

  #emit(buffer: Buffer, start: number, end: number): void {
    const isCrLf = end > start && buffer[end - 1] === CARRIAGE_RETURN;
    this.#takeLine(buffer, start, isCrLf ? end - 1 : end);
  }

  #keep(buffer: Buffer, start: number, end: number): void {
    const bytes = this.#begunBytes + end - start;
    if (bytes > this.#begun.byteLength) {
      const larger = Buffer.alloc(2 * bytes);
      this.#begun.copy(larger, 0, 0, this.#begunBytes);
      this.#begun = larger;
    }
    buffer.copy(this.#begun, this.#begunBytes, start, end);
    this.#begunBytes = bytes;
  }
}

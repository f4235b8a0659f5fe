// Takes the chunked framing off a response's body, whatever pieces it arrives in. Source: RFC 9112 §7.1

/** Gets a run of bytes; the buffer is used again afterwards. */
export type TakeBytes = (buffer: Buffer, start: number, end: number) => void;

const SIZE = 0;
const EXTENSION = 1;
const DATA = 2;
const DATA_END = 3;
const OVER = 4;

const LINE_FEED = 0x0a;

/** One body; `takeData` gets its bytes, in runs that never span two chunks. */
export class ChunkedBody {
  readonly #takeData: TakeBytes;
  #state = SIZE;
  #leftBytes = 0;

  constructor(takeData: TakeBytes) {
    this.#takeData = takeData;
  }

  /** Whether the chunk that ends the body came. */
  get isOver(): boolean {
    return this.#state === OVER;
  }

  /** Takes a piece. @throws Error when it is no chunked body */
  push(buffer: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end && this.#state !== OVER) {
      if (this.#state === DATA) at = this.#pushData(buffer, at, end);
      else this.#pushFraming(buffer[at++] ?? 0);
    }
  }

  #pushData(buffer: Buffer, start: number, end: number): number {
    const stop = Math.min(end, start + this.#leftBytes);
    this.#takeData(buffer, start, stop);
    this.#leftBytes -= stop - start;
    if (this.#leftBytes === 0) this.#state = DATA_END;
    return stop;
  }

  #pushFraming(byte: number): void {
    if (byte === LINE_FEED) this.#endLine();
    else if (this.#state === SIZE) this.#pushSize(byte);
    else if (this.#state === DATA_END && byte !== 0x0d)
      throw new Error('a chunk is longer than its size says');
  }

  #endLine(): void {
    if (this.#state === DATA_END) this.#state = SIZE;
    else this.#state = this.#leftBytes > 0 ? DATA : OVER;
  }

  #pushSize(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) this.#leftBytes = this.#leftBytes * 16 + digit;
    else if (byte === 0x0d || byte === 0x3b || byte === 0x20) this.#state = EXTENSION;
    else throw new Error(`a chunk's size has the byte ${byte}`);
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

// One open stream of the generator: raw socket, no HTTP library, every event checked.
import { connect, type Socket } from 'node:net';
import type { Audience } from './audience.ts';
import { ChunkedBody } from './chunked-body.ts';
import type { DeliveryChecker } from './delivery-checker.ts';
import { LineSplitter } from './line-splitter.ts';
import { hasWholePad, isEventLine, readDueMs, readIndex, readLane } from './payload.ts';
import { parseResponseHead } from './response-head.ts';

export interface SubscriberOptions {
  readonly port: number;
  /** With the query. */
  readonly path: string;
  /** Lines of the request's head, each without its end. */
  readonly headers: readonly string[];
  readonly checker: DeliveryChecker;
  readonly audience: Audience;
  /** Whether each event is compared byte by byte as well; the length and the place are looked at always. */
  readonly isCompared: boolean;
}

/** All sockets read into the same memory, one after the other: what is read is used up before the next read. */
const READ_BUFFER: Buffer = Buffer.alloc(256 * 1024);

/** What the broker says to be a keep-alive begins so; the third byte is enough to tell it from an event. */
const KEEP_ALIVE_THIRD_BYTE = 0x73; // the s of stillalive

export class Subscriber {
  readonly checker: DeliveryChecker;
  readonly path: string;
  readonly #options: SubscriberOptions;
  readonly #audience: Audience;
  readonly #body: ChunkedBody;
  #socket: Socket | undefined;
  #headText: string | undefined = '';
  #isClosing = false;
  #opened: (() => void) | undefined;
  #openFailed: ((error: Error) => void) | undefined;
  #firstLine: (() => void) | undefined;
  /** Its events, and when the last one came, milliseconds of this process. */
  deliveredCount = 0;
  lastDeliveryMs = 0;
  /** When the last keep-alive came. */
  lastAliveMs = 0;
  /** Time from when an event was due to its delivery; collects while it is there. */
  latenciesMs: number[] | undefined;

  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.#audience = options.audience;
    this.checker = options.checker;
    this.path = options.path;
    const lines = new LineSplitter((buffer, start, end) => this.#takeLine(buffer, start, end));
    this.#body = new ChunkedBody((buffer, start, end) => lines.push(buffer, start, end));
  }

  /** Resolves with the head of the answer. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#opened = resolve;
      this.#openFailed = reject;
      const onread = {
        buffer: READ_BUFFER,
        callback: (bytes: number): boolean => this.#read(bytes),
      };
      const socket = connect({ host: '127.0.0.1', port: this.#options.port, noDelay: true, onread });
      socket.once('connect', () => socket.write(this.#request(), 'latin1'));
      socket.once('error', (error) => this.#over(error.message));
      socket.once('close', () => this.#over('the broker closed the connection'));
      this.#socket = socket;
    });
  }

  /** Resolves with the first line, which is a keep-alive when there are no events. */
  whenFirstLine(): Promise<void> {
    return new Promise((resolve) => {
      this.#firstLine = resolve;
    });
  }

  close(): void {
    this.#isClosing = true;
    this.#socket?.destroy();
  }

  #request(): string {
    const { path, headers } = this.#options;
    return [`GET ${path} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n');
  }

  #read(bytes: number): boolean {
    try {
      this.#audience.nowMs = performance.now();
      const start = this.#headText === undefined ? 0 : this.#readHead(bytes);
      this.#body.push(READ_BUFFER, start, bytes);
      if (this.#body.isOver) this.#over('the broker ended the stream');
    } catch (error) {
      this.#over((error as Error).message);
    }
    return true;
  }

  // Where the body begins in what was read.
  #readHead(bytes: number): number {
    const before = this.#headText ?? '';
    const head = parseResponseHead(before + READ_BUFFER.toString('latin1', 0, bytes));
    if (!head) {
      this.#headText = before + READ_BUFFER.toString('latin1', 0, bytes);
      return bytes;
    }
    this.#headText = undefined;
    if (head.status !== 200) throw new Error(`status ${head.status} for GET ${this.path}`);
    if (!head.isChunked) throw new Error(`the stream of ${this.path} is not chunked`);
    this.#opened?.();
    return head.bytes - before.length;
  }

  #takeLine(buffer: Buffer, start: number, end: number): void {
    if (this.#firstLine) this.#firstLine();
    this.#firstLine = undefined;
    if (isEventLine(buffer, start)) this.#takeEvent(buffer, start, end);
    else if (buffer[start + 2] === KEEP_ALIVE_THIRD_BYTE) this.#takeKeepAlive();
    else
      this.#audience.addFault(
        `no event and no keep-alive: ${buffer.toString('latin1', start, end).slice(0, 80)}`,
      );
  }

  #takeEvent(buffer: Buffer, start: number, end: number): void {
    const audience = this.#audience;
    this.checker.take(readLane(buffer, start), readIndex(buffer, start));
    this.deliveredCount++;
    this.lastDeliveryMs = audience.nowMs;
    audience.deliveredCount++;
    this.latenciesMs?.push(audience.nowMs - readDueMs(buffer, start));
    if (!audience.hasRightLength(end - start)) audience.addFault(`an event of ${end - start} bytes`);
    if (this.#options.isCompared && !hasWholePad(buffer, start, end, audience.payload))
      audience.addFault('an event is not as it was published');
  }

  #takeKeepAlive(): void {
    const gapMs = this.#audience.nowMs - this.lastAliveMs;
    if (this.lastAliveMs > 0) this.#audience.aliveGapsMs?.push(gapMs);
    this.lastAliveMs = this.#audience.nowMs;
  }

  #over(reason: string): void {
    if (this.#isClosing) return;
    this.close();
    if (this.#headText === undefined) this.#audience.addFault(reason);
    this.#openFailed?.(new Error(reason));
  }
}

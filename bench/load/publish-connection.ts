// One publishing connection of the generator: a raw socket with one request in flight.
import { connect, type Socket } from 'node:net';
import { parseResponseHead, type ResponseHead } from './response-head.ts';

export class PublishConnection {
  readonly index: number;
  readonly #port: number;
  #socket: Socket | undefined;
  #text = '';
  #resolve: ((head: ResponseHead) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;

  constructor(port: number, index: number) {
    this.#port = port;
    this.index = index;
  }

  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true });
      const fail = (reason: string): void => {
        reject(new Error(reason));
        this.#reject?.(new Error(reason));
      };
      socket.once('connect', () => resolve());
      socket.on('data', (bytes) => this.#read(bytes));
      socket.once('error', (error) => fail(error.message));
      socket.once('close', () => fail('the broker closed a publishing connection'));
      this.#socket = socket;
    });
  }

  /** Sends a request and resolves with the head of the whole answer. */
  send(request: Buffer): Promise<ResponseHead> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket?.write(request);
    });
  }

  close(): void {
    this.#reject = undefined;
    this.#socket?.destroy();
  }

  #read(bytes: Buffer): void {
    this.#text += bytes.toString('latin1');
    const head = parseResponseHead(this.#text);
    if (!head || !isComplete(this.#text, head)) return;
    this.#text = '';
    this.#resolve?.(head);
  }
}

function isComplete(text: string, head: ResponseHead): boolean {
  if (head.isChunked) return text.endsWith('0\r\n\r\n');
  return text.length >= head.bytes + head.contentLength;
}

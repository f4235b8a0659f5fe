// One request's response object until it is answered or becomes a stream: who may touch it, and when. (Invariant: I7)
import type { HttpResponse } from 'uWebSockets.js';
import { PROBLEM_MEDIA_TYPE, toProblem } from './problem.ts';

/** Headers of an answer, as sent. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** An answer that ends by itself. */
export interface Answer {
  /** As in a status line: `200 OK`. */
  readonly status: string;
  readonly headers: HeaderList;
  /** Left out for HEAD. */
  readonly body?: string;
}

/** The response side of one request. Once it is over, every call does nothing. */
export class Exchange {
  readonly #response: HttpResponse;
  readonly #commonHeaders: HeaderList;
  readonly #isHead: boolean;
  #isOpen = true;
  #hasUnreadBody: boolean;
  #onGone: (() => void) | undefined;

  constructor(
    response: HttpResponse,
    options: { commonHeaders: HeaderList; isHead: boolean; hasBody: boolean },
  ) {
    this.#response = response;
    this.#commonHeaders = options.commonHeaders;
    this.#isHead = options.isHead;
    this.#hasUnreadBody = options.hasBody;
    // Measured: a throw before this call would end the process.
    response.onAborted(() => {
      this.#isOpen = false;
      this.#onGone?.();
    });
  }

  /** Whether it can still be answered. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Calls back once when the client leaves before the answer. */
  onGone(listener: () => void): void {
    this.#onGone = listener;
  }

  /** Passes on the body as it comes; a chunk is valid only during the call. */
  onBody(listener: (chunk: Uint8Array, isLast: boolean) => void): void {
    this.#response.onData((chunk, isLast) => {
      if (isLast) this.#hasUnreadBody = false;
      if (this.#isOpen) listener(new Uint8Array(chunk), isLast);
    });
  }

  /** Answers; closes the connection when the request's body has not been read to its end. [P26] */
  answer({ status, headers, body = '' }: Answer): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const response = this.#response;
    response.cork(() => {
      this.#writeHead(status, headers);
      if (this.#isHead) response.endWithoutBody(0, this.#hasUnreadBody);
      else response.end(body, this.#hasUnreadBody);
    });
  }

  /** Answers with what went wrong. */
  fail(error: unknown, extraHeaders: HeaderList = []): void {
    const { status, retryAfterSeconds, body } = toProblem(error);
    const headers: (readonly [string, string])[] = [['Content-Type', PROBLEM_MEDIA_TYPE], ...extraHeaders];
    if (retryAfterSeconds !== undefined) headers.push(['Retry-After', String(retryAfterSeconds)]);
    this.answer({ status, headers, body });
  }

  /**
   * Hands the response over to its new owner, who is to hear of its abort. Nothing of this object is needed any more.
   * `writeHead` is to be called in the cork of the first chunk, or of the end. Measured: a head by itself is sent without its
   * end, and if nothing follows, curl takes it for a complete answer.
   */
  beginStream(headers: HeaderList): { readonly response: HttpResponse; readonly writeHead: () => void } {
    this.#isOpen = false;
    return { response: this.#response, writeHead: () => this.#writeHead('200 OK', headers) };
  }

  #writeHead(status: string, headers: HeaderList): void {
    this.#response.writeStatus(status);
    for (const [name, value] of this.#commonHeaders) this.#response.writeHeader(name, value);
    for (const [name, value] of headers) this.#response.writeHeader(name, value);
  }
}

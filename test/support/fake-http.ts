// The library's request and response objects as far as src/http uses them, without a socket.
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { Exchange } from '../../src/http/exchange.ts';
import { RequestHead } from '../../src/http/request-head.ts';

export interface FakeRequest {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  /** Names in lower case, as the library gives them. */
  readonly headers?: readonly (readonly [string, string])[];
}

/** The head of a request that never was on a wire. */
export function createRequestHead({
  method = 'GET',
  path = '/',
  query,
  headers = [],
}: FakeRequest): RequestHead {
  const request: Partial<HttpRequest> = {
    getCaseSensitiveMethod: () => method,
    getUrl: () => path,
    getQuery: ((): string | undefined => query) as HttpRequest['getQuery'],
    forEach: (callback) => {
      for (const [name, value] of headers) callback(name, value);
    },
  };
  return new RequestHead(request as HttpRequest);
}

/** Writes down the corks of a response and what was written in each; notices a touch after the end. */
export class FakeResponse {
  /** Each cork's chunks, in order; an empty cork is a flush. */
  readonly corks: Buffer[][] = [];
  readonly violations: string[] = [];
  readonly head: string[] = [];
  over: 'ended' | 'closed' | 'aborted' | undefined;
  /** What `write` answers. */
  isTaking: boolean = true;
  #isCorked = false;
  #onAborted: () => void = () => {};
  #onData: (chunk: ArrayBuffer, isLast: boolean) => void = () => {};
  #onWritable: (offset: number) => boolean = () => true;

  /** The object as the library's type, with nothing more than what is used. */
  asResponse(): HttpResponse {
    const response: Partial<Record<keyof HttpResponse, unknown>> = {
      onAborted: (listener: () => void) => void (this.#onAborted = listener),
      onData: (listener: (chunk: ArrayBuffer, isLast: boolean) => void) => void (this.#onData = listener),
      onWritable: (listener: (offset: number) => boolean) => void (this.#onWritable = listener),
      cork: (work: () => void) => this.#cork(work),
      writeStatus: (status: string) => this.#touch(() => this.head.push(status)),
      writeHeader: (name: string, value: string) => this.#touch(() => this.head.push(`${name}: ${value}`)),
      write: (chunk: Uint8Array) => this.#write(chunk),
      end: (body: string = '', closes: boolean = false) => this.#end(body, closes),
      endWithoutBody: (_length: number, closes: boolean = false) => this.#end('', closes),
      close: () => this.#touch(() => (this.over = 'closed')),
    };
    return response as unknown as HttpResponse;
  }

  abort(): void {
    this.over = 'aborted';
    this.#onAborted();
  }

  receive(text: string, isLast: boolean): void {
    const bytes = Buffer.from(text);
    this.#onData(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength), isLast);
  }

  drain(): void {
    this.#onWritable(0);
  }

  /** All that was written, as text. */
  get text(): string {
    return Buffer.concat(this.corks.flat()).toString('latin1');
  }

  #cork(work: () => void): void {
    this.#touch(() => this.corks.push([]));
    this.#isCorked = true;
    work();
    this.#isCorked = false;
  }

  #write(chunk: Uint8Array): boolean {
    this.#touch(() => {});
    if (!this.#isCorked) this.violations.push('write outside a cork');
    this.corks.at(-1)?.push(Buffer.from(chunk));
    return this.isTaking;
  }

  #end(body: string, closes: boolean): void {
    this.#touch(() => {});
    this.corks.at(-1)?.push(Buffer.from(body));
    this.over = closes ? 'closed' : 'ended';
  }

  #touch(work: () => void): void {
    if (this.over) this.violations.push(`touched after it was ${this.over}`);
    work();
  }
}

/** An exchange on a fake response. */
export function createExchange(
  response: FakeResponse,
  { isHead = false, hasBody = false }: { isHead?: boolean; hasBody?: boolean } = {},
): Exchange {
  return new Exchange(response.asResponse(), {
    commonHeaders: [['Server', 'GitPubSub/test']],
    isHead,
    hasBody,
  });
}

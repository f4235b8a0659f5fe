// A client of HTTP/1.1 on a bare socket: sends the exact bytes it is given and shows chunk boundaries and how a body ended.
// It knows the framing of RFC 9112 and nothing of the broker.

import { connect, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { defaultDeadlineMs } from './deadline.ts';

/** `ca`: by TLS, trusting this authority, in PEM form. */
export type Target =
  { readonly host: string; readonly port: number; readonly ca?: string } | { readonly path: string };

/** How a body ended: `cut` is a connection that closed before the body's framing said so. */
export type BodyEnd = 'complete' | 'final-chunk' | 'cut' | 'malformed';

export interface ResponseHead {
  readonly statusCode: number;
  /** Names in lower case, values in the order in which they came. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/** One chunk of a chunked body: its bytes, and whether the CR LF that ends it has arrived. */
export interface Chunk {
  readonly data: Buffer;
  isClosed: boolean;
}

type ParseState =
  'head' | 'fixed' | 'until-close' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailers' | 'ended';

const lineEnd = Buffer.from('\r\n');

/** One response, filled while its bytes arrive. */
export class RawResponse {
  readonly chunks: Chunk[] = [];
  readonly #pieces: Buffer[] = [];
  readonly #method: string;
  #head: ResponseHead | undefined;
  #end: BodyEnd | undefined;
  #state: ParseState = 'head';
  #remainingByteCount = 0;

  constructor(method: string) {
    this.#method = method;
  }

  /** @throws if the head has not arrived: wait for it first. */
  get head(): ResponseHead {
    if (this.#head === undefined) throw new TypeError('the head has not arrived');
    return this.#head;
  }

  get hasHead(): boolean {
    return this.#head !== undefined;
  }

  get statusCode(): number {
    return this.head.statusCode;
  }

  get end(): BodyEnd | undefined {
    return this.#end;
  }

  /** The body so far, without its framing. */
  get body(): Buffer {
    return Buffer.concat([...this.#pieces, ...this.chunks.map((chunk) => chunk.data)]);
  }

  get text(): string {
    return this.body.toString('utf8');
  }

  /** The values of a header joined as RFC 9110 does, or undefined where it is missing. */
  header(name: string): string | undefined {
    return this.head.headers.get(name.toLowerCase())?.join(', ');
  }

  json(): unknown {
    return JSON.parse(this.text);
  }

  describe(): string {
    if (this.#head === undefined) return 'no head';
    const body = this.chunks.length > 0 ? `${String(this.chunks.length)} chunks` : this.text.slice(0, 500);
    return `status ${String(this.#head.statusCode)}, ${this.#end ?? 'not ended'}: ${body}`;
  }

  /** Takes what belongs to this response and gives back the rest. */
  consume(input: Buffer): Buffer {
    let rest = input;
    for (;;) {
      const before = rest;
      const state = this.#state;
      rest = this.#step(rest);
      if (this.#state === 'ended' || (this.#state === state && rest === before)) return rest;
    }
  }

  /** The connection has closed. */
  finish(): void {
    if (this.#end !== undefined) return;
    this.#finishAs(this.#state === 'until-close' ? 'complete' : 'cut');
  }

  #step(input: Buffer): Buffer {
    switch (this.#state) {
      case 'head':
        return this.#readHead(input);
      case 'fixed':
        return this.#readFixed(input);
      case 'until-close':
        if (input.length === 0) return input;
        this.#pieces.push(input);
        return input.subarray(input.length);
      case 'chunk-size':
        return this.#readChunkSize(input);
      case 'chunk-data':
        return this.#readChunkData(input);
      case 'chunk-end':
        return this.#readChunkEnd(input);
      case 'trailers':
        return this.#readTrailers(input);
      case 'ended':
        break;
    }
    return input;
  }

  #readHead(input: Buffer): Buffer {
    const length = input.indexOf('\r\n\r\n');
    if (length < 0) return input;
    const rest = input.subarray(length + 4);
    const head = parseHead(input.toString('latin1', 0, length));
    if (head === undefined) {
      this.#finishAs('malformed');
      return rest;
    }
    // Why: 1xx answers come before the one that counts (RFC 9110 §15.2).
    if (head.statusCode < 200) return rest;
    this.#head = head;
    const contentLength = head.headers.get('content-length')?.[0];
    if (this.#method === 'HEAD' || head.statusCode === 204 || head.statusCode === 304)
      this.#finishAs('complete');
    else if (head.headers.get('transfer-encoding')?.join(', ') === 'chunked') this.#state = 'chunk-size';
    else if (contentLength === undefined) this.#state = 'until-close';
    else {
      this.#remainingByteCount = Number(contentLength);
      this.#state = 'fixed';
    }
    return rest;
  }

  #readFixed(input: Buffer): Buffer {
    const taken = input.subarray(0, this.#remainingByteCount);
    if (taken.length > 0) this.#pieces.push(taken);
    this.#remainingByteCount -= taken.length;
    if (this.#remainingByteCount === 0) this.#finishAs('complete');
    return taken.length > 0 ? input.subarray(taken.length) : input;
  }

  #readChunkSize(input: Buffer): Buffer {
    const length = input.indexOf(lineEnd);
    if (length < 0) return input;
    const text = input.toString('latin1', 0, length);
    if (!/^[0-9a-fA-F]{1,8}$/.test(text)) {
      this.#finishAs('malformed');
      return input;
    }
    this.#remainingByteCount = Number.parseInt(text, 16);
    this.#state = this.#remainingByteCount === 0 ? 'trailers' : 'chunk-data';
    return input.subarray(length + 2);
  }

  #readChunkData(input: Buffer): Buffer {
    if (input.length < this.#remainingByteCount) return input;
    this.chunks.push({ data: input.subarray(0, this.#remainingByteCount), isClosed: false });
    this.#state = 'chunk-end';
    return input.subarray(this.#remainingByteCount);
  }

  #readChunkEnd(input: Buffer): Buffer {
    if (input.length < 2) return input;
    const chunk = this.chunks.at(-1);
    if (chunk === undefined || !input.subarray(0, 2).equals(lineEnd)) {
      this.#finishAs('malformed');
      return input;
    }
    chunk.isClosed = true;
    this.#state = 'chunk-size';
    return input.subarray(2);
  }

  #readTrailers(input: Buffer): Buffer {
    if (input.length < 2) return input;
    this.#finishAs(input.subarray(0, 2).equals(lineEnd) ? 'final-chunk' : 'malformed');
    return input.subarray(2);
  }

  #finishAs(end: BodyEnd): void {
    this.#end = end;
    this.#state = 'ended';
  }
}

/** One TCP, TLS or Unix connection; requests are written as they stand and responses parsed in order. */
export class RawConnection {
  readonly #socket: Socket;
  readonly #expected: RawResponse[] = [];
  readonly #waiters = new Set<() => void>();
  #received: Buffer[] = [];
  #isClosed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (data) => {
      this.#received.push(data);
      this.#parse();
      this.#notify();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isClosed = true;
      for (const response of this.#expected) response.finish();
      this.#notify();
    });
  }

  /** `localAddress` picks another loopback address to come from, for instance 127.0.0.5. */
  static async open(target: Target, localAddress?: string): Promise<RawConnection> {
    const options = { ...target, ...(localAddress === undefined ? {} : { localAddress }), noDelay: true };
    const isTls = 'ca' in target;
    const socket = isTls ? connectTls(options) : connect(options);
    await new Promise<void>((resolve, reject) => {
      socket.once(isTls ? 'secureConnect' : 'connect', resolve);
      socket.once('error', reject);
    });
    return new RawConnection(socket);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The common name of the peer's certificate; undefined without TLS. */
  get certificateName(): string | undefined {
    return this.#socket instanceof TLSSocket
      ? String(this.#socket.getPeerCertificate().subject.CN)
      : undefined;
  }

  /** Text is sent as Latin-1, so that `\xff` is that byte. */
  write(bytes: string | Buffer): void {
    this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Resolves once what was written has left for the kernel. */
  async writeAll(bytes: Buffer): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#socket.write(bytes, () => {
        resolve();
      });
    });
  }

  /** Stops reading, so that the peer's bytes pile up on its side. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Says which response comes next; `method` matters because an answer to HEAD has no body. */
  expect(method: string = 'GET'): RawResponse {
    const response = new RawResponse(method);
    this.#expected.push(response);
    this.#parse();
    if (this.#isClosed) response.finish();
    return response;
  }

  /** Resolves with the next response once it has ended in whatever way, also by a closed connection. */
  async readResponse(method: string = 'GET', deadlineMs: number = defaultDeadlineMs): Promise<RawResponse> {
    const response = this.expect(method);
    await this.waitFor(() => response.end, 'a response', response, deadlineMs);
    if (!response.hasHead) throw new Error('the connection was closed without an answer');
    return response;
  }

  /** Resolves once the probe gives a value; asked again whenever bytes arrive or the connection closes. */
  async waitFor<T>(
    probe: () => T | undefined,
    what: string,
    response?: RawResponse,
    deadlineMs: number = defaultDeadlineMs,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const value = probe();
        if (value !== undefined) settle(() => resolve(value));
        else if (this.#isClosed) fail('the connection closed before');
      };
      const fail = (why: string): void => {
        settle(() => reject(new Error(`${why}: ${what}; ${response?.describe() ?? ''}`)));
      };
      const timer = setTimeout(() => fail(`not within ${String(deadlineMs)} ms`), deadlineMs);
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.#waiters.delete(check);
        act();
      };
      this.#waiters.add(check);
      check();
    });
  }

  /** Resolves once the peer has closed the connection. */
  async waitForClose(deadlineMs: number = defaultDeadlineMs): Promise<void> {
    await this.waitFor(() => (this.#isClosed ? true : undefined), 'the peer closes', undefined, deadlineMs);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Says that nothing more will be sent, and goes on reading. */
  halfClose(): void {
    this.#socket.end();
  }

  /** Closes as a crashed machine's successor would: with a reset. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  #parse(): void {
    const waiting = this.#expected.find((response) => response.end === undefined);
    if (waiting === undefined || this.#received.length === 0) return;
    const input = this.#received.length === 1 ? this.#received[0] : undefined;
    let rest = input ?? Buffer.concat(this.#received);
    for (const response of this.#expected) {
      if (response.end === undefined) rest = response.consume(rest);
      if (response.end === undefined) break;
    }
    this.#received = rest.length > 0 ? [rest] : [];
  }

  #notify(): void {
    for (const check of this.#waiters) check();
  }
}

export interface RequestOptions {
  readonly method?: string;
  /** The request target as it stands, sent as Latin-1. */
  readonly path?: string;
  /** Sent in this order, after Host; a name may come twice. */
  readonly headers?: readonly (readonly [string, string])[];
  /** Sent with its Content-Length. */
  readonly body?: string | Buffer;
  readonly localAddress?: string;
}

/** The bytes of a request, Content-Length included if it has a body. */
export function composeRequest(options: RequestOptions): Buffer {
  const body = options.body === undefined ? undefined : Buffer.from(options.body);
  const lines = [`${options.method ?? 'GET'} ${options.path ?? '/'} HTTP/1.1`, 'Host: localhost'];
  for (const [name, value] of options.headers ?? []) lines.push(`${name}: ${value}`);
  if (body !== undefined) lines.push(`Content-Length: ${String(body.length)}`);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return body === undefined ? head : Buffer.concat([head, body]);
}

/** One request on a connection of its own; resolves with the ended response, rejects if none came. */
export async function request(target: Target, options: RequestOptions): Promise<RawResponse> {
  const connection = await RawConnection.open(target, options.localAddress);
  try {
    connection.write(composeRequest(options));
    return await connection.readResponse(options.method ?? 'GET');
  } finally {
    connection.close();
  }
}

function parseHead(text: string): ResponseHead | undefined {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const match = /^HTTP\/1\.1 (\d{3})(?: .*)?$/.exec(statusLine);
  if (match === null) return undefined;
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) return undefined;
    const name = line.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  return { statusCode: Number(match[1]), headers };
}

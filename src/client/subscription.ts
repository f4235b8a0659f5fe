// A subscription that outlives its connections: it reconnects with its cursor until the loop over it is left.
import type { IncomingMessage } from 'node:http';
import { parseCursor } from '../core/cursor.ts';
import { GitPubSubError } from '../core/errors.ts';
import { describeError, isPermanent, readReason, readRetryAfterMs, readStart } from './answer.ts';
import { BackOff } from './back-off.ts';
import { Endpoint } from './endpoint.ts';
import { KeepAliveRhythm } from './keep-alive-rhythm.ts';
import { readLines } from './line-reader.ts';
import { StreamError } from './line-splitter.ts';
import { pause } from './pause.ts';
import { readRefusal, RefusedError } from './refused-error.ts';
import { parseLine, type KeepAlive, type StreamItem } from './stream-item.ts';
import type { SubscribeOptions } from './subscribe-options.ts';
import { subscribePath } from './subscribe-path.ts';

const CONNECT_TIMEOUT_MS = 20_000;

/** A try that failed, and may not fail again. */
class TemporaryError extends Error {
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs?: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** What a function of the caller has thrown. */
class CallerError extends Error {}

/** An endless sequence of events. One loop at a time; a further one goes on where the one before was left. */
export class Subscription<Value = unknown> implements AsyncIterable<StreamItem<Value>> {
  readonly #url: URL;
  readonly #options: SubscribeOptions;
  readonly #rhythm: KeepAliveRhythm;
  readonly #since: number | undefined;
  #cursor: string | undefined;
  #hasConnected = false;
  #isRunning = false;

  /** @throws GitPubSubError `invalid-cursor` */
  constructor(url: URL, options: SubscribeOptions = {}) {
    const { since, cursor } = options;
    if (cursor !== undefined) parseCursor(cursor);
    this.#url = url;
    this.#options = options;
    this.#rhythm = new KeepAliveRhythm(options.keepAliveMs);
    this.#since = since instanceof Date ? since.getTime() / 1000 : since;
    this.#cursor = cursor;
  }

  /**
   * The point up to which everything was dealt with: it moves past an event when the loop comes back for the next one, and
   * with keep-alives. Save it, and pass it as `cursor` after a restart: what was not dealt with comes again.
   */
  get cursor(): string | undefined {
    return this.#cursor;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StreamItem<Value>, void, undefined> {
    if (this.#isRunning) throw new TypeError('A subscription has one loop at a time.');
    this.#isRunning = true;
    const endpoint = new Endpoint(this.#url, this.#options);
    try {
      yield* this.#run(endpoint);
    } finally {
      this.#isRunning = false;
      endpoint.close();
    }
  }

  async *#run(endpoint: Endpoint): AsyncGenerator<StreamItem<Value>, void, undefined> {
    const { signal, once = false, maxRetries = Infinity } = this.#options;
    const backOff = new BackOff(this.#options.backOff);
    for (let failureCount = 1; ; failureCount += 1) {
      let failure: TemporaryError;
      try {
        const response = await this.#connect(endpoint);
        for await (const item of this.#read(response)) {
          failureCount = 0;
          backOff.reset();
          signal?.throwIfAborted(); // Why here too: a chunk may hold hundreds of events.
          if (item.type !== 'keep-alive') yield item as StreamItem<Value>;
          this.#cursor = item.cursor;
        }
        if (once) return this.#finish(response);
        failure = new TemporaryError('the server has ended the stream');
      } catch (error) {
        signal?.throwIfAborted();
        failure = toTemporary(error, this.#mayGetToken);
      }
      if (failureCount > maxRetries) throw gaveUp(failure, failureCount);
      await this.#wait(failure, backOff.nextMs(failure.retryAfterMs));
    }
  }

  // Whether another token may come: one that has worked, and is asked for anew, is about to be replaced. Why not before: then
  // it is a slip, which somebody should hear of at once.
  get #mayGetToken(): boolean {
    return this.#hasConnected && typeof this.#options.token === 'function';
  }

  async #connect(endpoint: Endpoint): Promise<IncomingMessage> {
    const { signal, topics, filters, once = false } = this.#options;
    signal?.throwIfAborted();
    const since = this.#cursor === undefined ? this.#since : undefined;
    const response = await endpoint.send({
      method: 'GET',
      path: subscribePath(this.#url, {
        topics,
        filters,
        since,
        isResuming: this.#cursor !== undefined,
        isPoll: once,
      }),
      headers: {
        Accept: 'application/x-ndjson',
        ...(this.#cursor === undefined ? {} : { 'X-Fetch-Since-Cursor': this.#cursor }),
      },
      signal,
      headTimeoutMs: this.#options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    });
    try {
      await this.#check(response);
      this.#noteStart(response, once);
    } catch (error) {
      response.destroy();
      throw error;
    }
    return response;
  }

  async #check(response: IncomingMessage): Promise<void> {
    const { statusCode: status = 0, headers } = response;
    const isForToken = status === 401 && this.#mayGetToken;
    if (isPermanent(status) && !isForToken) throw await readRefusal(response);
    if (status !== 200) {
      const reason = `${status} ${readReason(await readStart(response))}`.trim();
      throw new TemporaryError(reason, readRetryAfterMs(response));
    }
    const mediaType = headers['content-type'] ?? 'no type';
    if (mediaType.startsWith('application/x-ndjson')) return;
    const reason = `The answer is no stream of a GitPubSub broker, but ${mediaType}.`;
    // Why temporary later on: what stands in front of a broker that worked may show a page while it is away.
    throw this.#hasConnected ? new TemporaryError(reason) : new RefusedError(reason, status);
  }

  #noteStart({ headers }: IncomingMessage, isPoll: boolean): void {
    const start = headers['x-cursor'];
    // Why not with a gap: the notice comes first, and must come again if the connection is lost before it. [P21]
    const isStart = !isPoll && headers['x-fetch-gap'] === undefined;
    if (isStart && typeof start === 'string') this.#cursor ??= start;
    this.#hasConnected = true;
    this.#rhythm.noteStart();
    try {
      this.#options.onConnection?.({ state: 'connected' });
    } catch (error) {
      throw new CallerError('', { cause: error });
    }
  }

  async *#read(response: IncomingMessage): AsyncGenerator<StreamItem | KeepAlive, void, undefined> {
    for await (const line of readLines(response, () => this.#rhythm.limitMs)) {
      const text = line.trim();
      // Why: a poll that waits for its reader sends blanks, which JSON allows between its values. [P16]
      if (text === '') continue;
      const item = parseLine(text);
      if (item.type === 'keep-alive') this.#rhythm.noteKeepAlive(item.timestamp * 1000);
      yield item;
    }
  }

  // The head of a poll says how far it reads. [P16]
  #finish({ headers }: IncomingMessage): void {
    const end = headers['x-cursor'];
    if (typeof end === 'string') this.#cursor = end;
  }

  async #wait({ message }: TemporaryError, delayMs: number): Promise<void> {
    const { signal, onConnection } = this.#options;
    onConnection?.({ state: 'waiting', reason: message, delayMs });
    await pause(delayMs, signal);
  }
}

// @throws the error itself if trying again makes no sense
function toTemporary(error: unknown, mayGetToken: boolean): TemporaryError {
  if (error instanceof TemporaryError) return error;
  if (error instanceof CallerError) throw error.cause;
  // Why: node's word for what can't be sent, such as a header with a line end.
  if (error instanceof TypeError) throw error;
  const isForToken = error instanceof GitPubSubError && error.code === 'unreadable-input' && mayGetToken;
  if (error instanceof GitPubSubError && !isForToken) throw error;
  if (error instanceof StreamError) throw new RefusedError(error.message, 200);
  return new TemporaryError(describeError(error));
}

function gaveUp({ message }: TemporaryError, tryCount: number): GitPubSubError {
  const tries = tryCount === 1 ? '' : `, after ${tryCount} tries`;
  return new GitPubSubError('broker-unreachable', `${message}${tries}`);
}

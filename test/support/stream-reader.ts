// One subscriber, of any format: opens a stream on a bare socket and tells events from keep-alives.
// It checks nothing itself beyond the 200: the tests decide what a chunk must look like.

import { defaultDeadlineMs } from './deadline.ts';
import { composeRequest, RawConnection, type BodyEnd, type RawResponse, type Target } from './raw-http.ts';
import { createTaker, type StreamItem, type TakeChunk } from './stream-items.ts';

export interface StreamOptions {
  readonly headers?: readonly (readonly [string, string])[];
  readonly localAddress?: string;
}

export class StreamReader {
  readonly #connection: RawConnection;
  readonly #response: RawResponse;
  readonly #items: StreamItem[] = [];
  readonly #events: string[] = [];
  readonly #take: TakeChunk;
  #takenChunkCount = 0;
  #nextEventIndex = 0;

  private constructor(connection: RawConnection, response: RawResponse) {
    this.#connection = connection;
    this.#response = response;
    this.#take = createTaker(response.header('content-type'));
  }

  /** Resolves once the head has arrived. @throws if it is not a 200. */
  static async open(target: Target, path: string, options: StreamOptions = {}): Promise<StreamReader> {
    const connection = await RawConnection.open(target, options.localAddress);
    try {
      connection.write(composeRequest({ path, headers: options.headers ?? [] }));
      const response = connection.expect('GET');
      await connection.waitFor(
        () => (response.hasHead ? true : undefined),
        `GET ${path} is answered`,
        response,
      );
      if (response.statusCode !== 200) {
        await connection.waitFor(() => response.end, 'the refusal', response);
        throw new Error(`GET ${path}: ${response.describe()}`);
      }
      return new StreamReader(connection, response);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  get response(): RawResponse {
    return this.#response;
  }

  /** @throws if the header is missing. */
  requireHeader(name: string): string {
    const value = this.#response.header(name);
    if (value === undefined) throw new Error(`the stream's head has no ${name}`);
    return value;
  }

  /** All that came so far, in order. */
  get items(): readonly StreamItem[] {
    this.#classify();
    return this.#items;
  }

  /** The JSON texts of all events so far. */
  get events(): readonly string[] {
    this.#classify();
    return this.#events;
  }

  get keepAliveCount(): number {
    return this.items.filter(({ kind }) => kind === 'keep-alive').length;
  }

  /** The text of the next event that was not asked for yet. */
  async nextEvent(deadlineMs: number = defaultDeadlineMs): Promise<string> {
    const index = this.#nextEventIndex;
    this.#nextEventIndex += 1;
    return this.waitFor(() => this.events[index], `event ${String(index + 1)}`, deadlineMs);
  }

  /** The texts of the first `count` events; more may have arrived. */
  async waitForEvents(count: number, deadlineMs: number = defaultDeadlineMs): Promise<readonly string[]> {
    const events = await this.waitFor(
      () => (this.events.length >= count ? this.events : undefined),
      `${String(count)} events`,
      deadlineMs,
    );
    return events.slice(0, count);
  }

  /** All events up to and without the given one. */
  async readUntil(last: string, deadlineMs: number = defaultDeadlineMs): Promise<readonly string[]> {
    const index = await this.waitFor(
      () => {
        const found = this.events.indexOf(last, this.#nextEventIndex);
        return found < 0 ? undefined : found;
      },
      `the event ${last.slice(0, 80)}`,
      deadlineMs,
    );
    const events = this.events.slice(this.#nextEventIndex, index);
    this.#nextEventIndex = index + 1;
    return events;
  }

  /** Resolves with the last keep-alive once there are at least `count`. */
  async waitForKeepAlives(
    count: number,
    deadlineMs: number = defaultDeadlineMs,
  ): Promise<StreamItem & { kind: 'keep-alive' }> {
    return this.waitFor(
      () => (this.keepAliveCount >= count ? this.lastKeepAlive() : undefined),
      `${String(count)} keep-alives`,
      deadlineMs,
    );
  }

  lastKeepAlive(): (StreamItem & { kind: 'keep-alive' }) | undefined {
    return this.items.findLast((item) => item.kind === 'keep-alive');
  }

  /** Resolves once the probe gives a value; asked again whenever bytes arrive. */
  async waitFor<T>(
    probe: () => T | undefined,
    what: string,
    deadlineMs: number = defaultDeadlineMs,
  ): Promise<T> {
    return this.#connection.waitFor(probe, what, this.#response, deadlineMs);
  }

  /** How the stream ended, once it has. */
  async waitForEnd(deadlineMs: number = defaultDeadlineMs): Promise<BodyEnd> {
    return this.waitFor(() => this.#response.end, 'the end of the stream', deadlineMs);
  }

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  close(): void {
    this.#connection.close();
  }

  #classify(): void {
    for (const chunk of this.#response.chunks.slice(this.#takenChunkCount)) {
      this.#takenChunkCount += 1;
      for (const item of this.#take(chunk.data)) {
        this.#items.push(item);
        if (item.kind === 'event') this.#events.push(item.text);
      }
    }
  }
}

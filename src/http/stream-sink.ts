// A sink that is an open chunked response: how batches are written so that framing survives back-pressure. (Invariant: I7)
import type { HttpResponse } from 'uWebSockets.js';
import type { Caller, CallerId } from '../access/caller.ts';
import type { Batch } from '../broker/batch.ts';
import type { LogFields } from '../core/logger.ts';
import type { Sink } from '../broker/sink.ts';
import type { Watermark } from '../broker/watermark.ts';
import type { Subscription } from '../broker/subscription.ts';
import type { Exchange, HeaderList } from './exchange.ts';
import type { HttpStatistics } from './statistics.ts';
import type { GapNotice, Slice, StreamEncoder } from './stream-format.ts';

/** What a sink is made of. */
export interface StreamSinkOptions {
  readonly encoder: StreamEncoder;
  readonly start: Watermark;
  readonly gap: GapNotice | undefined;
  readonly statistics: HttpStatistics;
  /** Who reads it. */
  readonly caller: Pick<Caller, 'id' | 'principal'>;
  /** Of the page that reads it, if it says so. */
  readonly origin: string | undefined;
  /** Called once when it is over, however it ends. */
  readonly onOver: () => void;
}

/** Writes one subscription's events to its client. Told its subscription with `attach`. */
export class StreamSink implements Sink {
  readonly readerId: CallerId;
  readonly origin: string | undefined;
  readonly #principal: string | undefined;
  readonly #response: HttpResponse;
  readonly #encoder: StreamEncoder;
  readonly #statistics: HttpStatistics;
  readonly #onOver: () => void;
  #subscription: Subscription | undefined;
  #watermark: Watermark;
  #writeHead: (() => void) | undefined;
  #isOver = false;

  /** Sends the head and what a stream begins with. [P10] */
  constructor(exchange: Exchange, headers: HeaderList, options: StreamSinkOptions) {
    const { encoder, start, gap, statistics, caller, origin, onOver } = options;
    this.readerId = caller.id;
    this.#principal = caller.principal;
    this.origin = origin;
    this.#encoder = encoder;
    this.#statistics = statistics;
    this.#onOver = onOver;
    this.#watermark = start;
    statistics.openStreams.add(encoder.name);
    const { response, writeHead } = exchange.beginStream(headers);
    this.#response = response;
    this.#writeHead = writeHead;
    this.#response.onAborted(() => this.#gone());
    this.#response.onWritable(() => this.#writable());
    const firstChunk = encoder.begin(start, gap);
    if (firstChunk.byteLength > 0) this.#writeSlice([firstChunk]);
  }

  get reader(): LogFields {
    return { client: this.readerId.client, principal: this.#principal };
  }

  /** Says whose sink this is: who hears when it drains and when its client goes. */
  attach(subscription: Subscription): void {
    this.#subscription = subscription;
    if (this.#isOver) subscription.abandon();
  }

  write(batch: Batch): boolean {
    if (this.#isOver) return true;
    const { slices, payloadBytes } = batch.encodedBy(this.#encoder);
    this.#statistics.sentBytes += payloadBytes;
    this.#watermark = batch.watermark;
    let isTaking = true;
    for (const slice of slices) isTaking = this.#writeSlice(slice) && isTaking;
    return isTaking;
  }

  keepAlive(watermark: Watermark): boolean {
    if (this.#isOver) return true;
    this.#watermark = watermark;
    const chunk = this.#encoder.keepAlive(watermark);
    return chunk.byteLength === 0 || this.#writeSlice([chunk]);
  }

  nudge(): boolean {
    if (this.#isOver) return true;
    this.#flush();
    // Why a chunk, the only thing ever written to a full sink: nothing else tells whether all of it went.
    return this.#writeSlice([this.#encoder.probe(this.#watermark)]);
  }

  end(): void {
    if (!this.#finish()) return;
    // Measured: never end(…, true) here, which would write a header into the body.
    this.#response.cork(() => {
      this.#beginAnswer();
      this.#response.end();
    });
  }

  cut(): void {
    if (this.#finish()) this.#response.close();
  }

  // One cork of at most MAX_CORK_BYTES, or one write.
  #writeSlice(chunks: Slice): boolean {
    let isTaking = true;
    this.#response.cork(() => {
      this.#beginAnswer();
      for (const chunk of chunks) isTaking = this.#response.write(chunk) && isTaking;
    });
    return isTaking;
  }

  #beginAnswer(): void {
    this.#writeHead?.();
    this.#writeHead = undefined;
  }

  // Once this is registered the library flushes nothing by itself. Its return value changes nothing.
  #writable(): boolean {
    if (this.#subscription?.isFull) this.#subscription.progressed();
    else this.#flush();
    return true;
  }

  #flush(): void {
    if (!this.#isOver) this.#response.cork(() => {});
  }

  #gone(): void {
    this.#finish();
    this.#subscription?.abandon();
  }

  // Returns whether it was open until now.
  #finish(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#statistics.openStreams.add(this.#encoder.name, -1);
    this.#onOver();
    return true;
  }
}

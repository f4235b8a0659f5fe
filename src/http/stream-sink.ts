// A sink that is an open chunked response: how batches are written so that framing survives back-pressure. (Invariant: I7)
import type { HttpResponse } from 'uWebSockets.js';
import type { Batch } from '../broker/batch.ts';
import type { Sink } from '../broker/sink.ts';
import type { Subscription } from '../broker/subscription.ts';
import type { Exchange, HeaderList } from './exchange.ts';
import type { HttpStatistics } from './statistics.ts';
import { CHUNK_FRAMING_BYTES, MAX_CORK_BYTES, type Slice, type StreamFormat } from './stream-format.ts';

/** Writes one subscription's events to its client. Told its subscription with `attach`. */
export class StreamSink implements Sink {
  readonly #response: HttpResponse;
  readonly #format: StreamFormat;
  readonly #statistics: HttpStatistics;
  #subscription: Subscription | undefined;
  #aliveMs: number;
  #isOver = false;

  /** Sends the head and a first keep-alive. [P10] */
  constructor(
    exchange: Exchange,
    headers: HeaderList,
    format: StreamFormat,
    aliveMs: number,
    statistics: HttpStatistics,
  ) {
    this.#format = format;
    this.#statistics = statistics;
    this.#aliveMs = aliveMs;
    this.#response = exchange.beginStream(headers, format.keepAlive(aliveMs), () => this.#gone());
    this.#response.onWritable(() => this.#writable());
  }

  /** Says whose sink this is: who hears when it drains and when its client goes. */
  attach(subscription: Subscription): void {
    this.#subscription = subscription;
    if (this.#isOver) subscription.abandon();
  }

  write(batch: Batch, aliveMs: number): boolean {
    if (this.#isOver) return true;
    const { slices, payloadBytes } = batch.encodedBy(this.#format.encode);
    this.#statistics.sentBytes += payloadBytes;
    this.#aliveMs = aliveMs;
    // A keep-alive behind the batch closes the last event's chunk, for which some clients wait. [P12]
    const alive = this.#format.keepAlive(aliveMs);
    let isTaking = true;
    for (const slice of appendChunk(slices, alive)) isTaking = this.#writeSlice(slice) && isTaking;
    return isTaking;
  }

  keepAlive(aliveMs: number): boolean {
    if (this.#isOver) return true;
    this.#aliveMs = aliveMs;
    const chunk = this.#format.keepAlive(aliveMs);
    return this.#writeSlice([chunk]);
  }

  nudge(): boolean {
    this.#flush();
    // Why a keep-alive, the only thing ever written to a full sink: nothing else tells whether all of it went.
    return this.keepAlive(this.#aliveMs);
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Measured: never end(…, true) here, which would write a header into the body.
    this.#response.cork(() => this.#response.end());
  }

  cut(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#response.close();
  }

  // One cork of at most MAX_CORK_BYTES, or one write.
  #writeSlice(chunks: readonly Uint8Array[]): boolean {
    let isTaking = true;
    this.#response.cork(() => {
      for (const chunk of chunks) isTaking = this.#response.write(chunk) && isTaking;
    });
    return isTaking;
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
    this.#isOver = true;
    this.#subscription?.abandon();
  }
}

// The chunk goes with the last slice where there is room, else alone.
function appendChunk(slices: readonly Slice[], chunk: Uint8Array): (readonly Uint8Array[])[] {
  const groups = slices.map((slice) => slice.chunks);
  const last = slices.at(-1);
  if (!last || last.bytes + chunk.byteLength + CHUNK_FRAMING_BYTES > MAX_CORK_BYTES)
    return [...groups, [chunk]];
  return [...groups.slice(0, -1), [...last.chunks, chunk]];
}

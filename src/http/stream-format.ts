// What a stream looks like on the wire: one of these per format, and how its chunks are put together for writing.
import type { Batch, BatchEncoder } from '../broker/batch.ts';
import type { Watermark } from '../broker/watermark.ts';
import { payloadBytes } from '../core/event.ts';

/** Most bytes of one cork with several writes, framing included. Measured: above 16,384 the library corrupts the framing. */
export const MAX_CORK_BYTES = 16_000;

/** What the library adds to each chunk at the most: its size in hexadecimal and two line ends. */
export const CHUNK_FRAMING_BYTES = 12;

/** Chunks that go out in one cork; together within {@link MAX_CORK_BYTES}, unless there is only one. */
export type Slice = readonly Uint8Array[];

/** A batch in one format, the same bytes for every subscriber. */
export interface EncodedBatch {
  readonly slices: readonly Slice[];
  /** For the statistics: the payloads alone, as they are stored. */
  readonly payloadBytes: number;
}

/** Tells a client that its stream does not start where it asked. [P21] */
export interface GapNotice {
  readonly reason: string;
  /** The cursor or the time, as it was sent. */
  readonly requested: string;
}

/** A way to write events and keep-alives. */
export interface StreamFormat {
  /** As in `?format=`. */
  readonly name: string;
  readonly mediaType: string;
  /** What stands before everything else; may be empty. `start` is where the stream starts. */
  preamble(start: Watermark, gap: GapNotice | undefined): Uint8Array;
  /** The events of a batch, in chunks. */
  eventChunks(batch: Batch): readonly Uint8Array[];
  /** A chunk that says the stream is alive. [P12] */
  keepAlive(watermark: Watermark): Uint8Array;
}

/** How the chunks of a format make an answer. One object for all subscribers, so that what it makes can be shared. */
export interface StreamEncoder extends BatchEncoder<EncodedBatch> {
  /** Of the format. */
  readonly name: string;
  readonly mediaType: string;
  /** What leaves with the head; may be empty. */
  begin(start: Watermark, gap: GapNotice | undefined): Uint8Array;
  /** May be empty, which is no chunk. */
  keepAlive(watermark: Watermark): Uint8Array;
  /** A chunk that may be written to a full sink to learn whether it drained. */
  probe(watermark: Watermark): Uint8Array;
}

/** An endless stream. [P10] */
export class LiveEncoder implements StreamEncoder {
  readonly name: string;
  readonly mediaType: string;
  readonly #format: StreamFormat;
  #lastKeepAlive: { readonly watermark: Watermark; readonly chunk: Uint8Array } | undefined;

  constructor(format: StreamFormat) {
    this.#format = format;
    this.name = format.name;
    this.mediaType = format.mediaType;
  }

  begin(start: Watermark, gap: GapNotice | undefined): Uint8Array {
    return Buffer.concat([this.#format.preamble(start, gap), this.keepAlive(start)]);
  }

  encode(batch: Batch): EncodedBatch {
    // A keep-alive behind the batch closes the last event's chunk, for which some clients wait. [P12]
    return toEncoded(batch, [...this.#format.eventChunks(batch), this.keepAlive(batch.watermark)]);
  }

  keepAlive(watermark: Watermark): Uint8Array {
    // Why kept: all live streams get the same one.
    if (this.#lastKeepAlive?.watermark !== watermark)
      this.#lastKeepAlive = { watermark, chunk: this.#format.keepAlive(watermark) };
    return this.#lastKeepAlive.chunk;
  }

  probe(watermark: Watermark): Uint8Array {
    return this.keepAlive(watermark);
  }
}

/** In front of the next line, where JSON allows it. */
const BLANK = Buffer.from(' ');

/** An answer that ends: no keep-alives, and white space in front of a line where it takes long. [P16] */
export class PollEncoder implements StreamEncoder {
  readonly name: string;
  readonly mediaType: string;
  readonly #format: StreamFormat;

  constructor(format: StreamFormat) {
    this.#format = format;
    this.name = format.name;
    this.mediaType = format.mediaType;
  }

  begin(start: Watermark, gap: GapNotice | undefined): Uint8Array {
    return this.#format.preamble(start, gap);
  }

  encode(batch: Batch): EncodedBatch {
    return toEncoded(batch, this.#format.eventChunks(batch));
  }

  /** So that a client that waits for a rare event sees that the broker is still looking, and proxies do. */
  keepAlive(): Uint8Array {
    return BLANK;
  }

  probe(): Uint8Array {
    return BLANK;
  }
}

function toEncoded(batch: Batch, chunks: readonly Uint8Array[]): EncodedBatch {
  return {
    slices: toSlices(chunks),
    payloadBytes: batch.events.reduce((sum, event) => sum + payloadBytes(event), 0),
  };
}

/** Packs chunks into slices. */
export function toSlices(chunks: readonly Uint8Array[]): Slice[] {
  const slices: Slice[] = [];
  let slice: Uint8Array[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    const chunkBytes = chunk.byteLength + CHUNK_FRAMING_BYTES;
    if (slice.length > 0 && bytes + chunkBytes > MAX_CORK_BYTES) {
      slices.push(slice);
      slice = [];
      bytes = 0;
    }
    slice.push(chunk);
    bytes += chunkBytes;
  }
  if (slice.length > 0) slices.push(slice);
  return slices;
}

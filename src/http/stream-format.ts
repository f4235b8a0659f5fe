// What a stream looks like on the wire: one of these per format.
import type { Event } from '../core/event.ts';

/** Most bytes of one cork with several writes, framing included. Measured: above 16,384 the library corrupts the framing. */
export const MAX_CORK_BYTES = 16_000;

/** What the library adds to each chunk at the most: its size in hexadecimal and two line ends. */
export const CHUNK_FRAMING_BYTES = 12;

/** Chunks that go out in one cork; together within {@link MAX_CORK_BYTES}, unless there is only one. */
export interface Slice {
  readonly chunks: readonly Uint8Array[];
  /** With framing. */
  readonly bytes: number;
}

/** A batch in one format, the same bytes for every subscriber. */
export interface EncodedBatch {
  readonly slices: readonly Slice[];
  /** For the statistics: the payloads alone. */
  readonly payloadBytes: number;
}

/** A way to write events and keep-alives. */
export interface StreamFormat {
  readonly mediaType: string;
  /** The same function for every batch, so that what it returns can be shared. */
  readonly encode: (events: readonly Event[]) => EncodedBatch;
  /** A chunk that says the stream is alive. [P12] */
  keepAlive(timeMs: number): Uint8Array;
}

/** Packs chunks into slices. */
export function toSlices(chunks: readonly Uint8Array[]): Slice[] {
  const slices: Slice[] = [];
  let current: Uint8Array[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    const chunkBytes = chunk.byteLength + CHUNK_FRAMING_BYTES;
    if (current.length > 0 && bytes + chunkBytes > MAX_CORK_BYTES) {
      slices.push({ chunks: current, bytes });
      current = [];
      bytes = 0;
    }
    current.push(chunk);
    bytes += chunkBytes;
  }
  if (current.length > 0) slices.push({ chunks: current, bytes });
  return slices;
}

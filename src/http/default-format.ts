// The default format, which clients in the wild parse chunk by chunk. [P11]
import type { Event } from '../core/event.ts';
import { toAscii } from '../core/payload.ts';
import { toSeconds } from './seconds.ts';
import { type EncodedBatch, type StreamFormat, toSlices } from './stream-format.ts';

/** One chunk per event: its compact ASCII JSON and CR LF, and nothing else. */
export class DefaultFormat implements StreamFormat {
  readonly mediaType = 'application/x-gitpubsub';
  readonly encode: (events: readonly Event[]) => EncodedBatch = encodeEvents;
  #keepAlive: { timeMs: number; chunk: Uint8Array } | undefined;

  keepAlive(timeMs: number): Uint8Array {
    // Why kept: a fan-out sends the same one to every subscriber.
    if (this.#keepAlive?.timeMs !== timeMs) {
      const chunk = Buffer.from(`{"stillalive": ${toSeconds(timeMs)}}\r\n`, 'latin1');
      this.#keepAlive = { timeMs, chunk };
    }
    return this.#keepAlive.chunk;
  }
}

function encodeEvents(events: readonly Event[]): EncodedBatch {
  const chunks = events.map((event) => Buffer.from(`${toAscii(event.payload)}\r\n`, 'latin1'));
  const payloadBytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength - 2, 0);
  return { slices: toSlices(chunks), payloadBytes };
}

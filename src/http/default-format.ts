// The default format, which clients in the wild parse chunk by chunk. [P11]
import type { Batch } from '../broker/batch.ts';
import type { Watermark } from '../broker/watermark.ts';
import { toAscii } from '../core/payload.ts';
import { toSeconds } from './seconds.ts';
import type { StreamFormat } from './stream-format.ts';

/** One chunk per event: its compact ASCII JSON and CR LF, and nothing else. */
export class DefaultFormat implements StreamFormat {
  readonly name = 'gitpubsub';
  readonly mediaType = 'application/x-gitpubsub';

  // A gap is told in the head alone.
  preamble(): Uint8Array {
    return Buffer.alloc(0);
  }

  eventChunks({ events }: Batch): readonly Uint8Array[] {
    return events.map((event) => Buffer.from(`${toAscii(event.payload)}\r\n`, 'latin1'));
  }

  keepAlive({ timeMs }: Watermark): Uint8Array {
    return Buffer.from(`{"stillalive": ${toSeconds(timeMs)}}\r\n`, 'latin1');
  }
}

// Lines of JSON that tell where and when each event was published, for programs. [P13]
import type { Batch } from '../broker/batch.ts';
import type { Watermark } from '../broker/watermark.ts';
import { toEventObjects, toGapObject, toKeepAliveObject, type CursorAt } from './event-object.ts';
import type { GapNotice, StreamFormat } from './stream-format.ts';

/** One chunk per batch, one line per event. */
export class NdjsonFormat implements StreamFormat {
  readonly name = 'ndjson';
  readonly mediaType = 'application/x-ndjson';
  readonly #cursorAt: CursorAt;

  constructor(cursorAt: CursorAt) {
    this.#cursorAt = cursorAt;
  }

  preamble({ offset, timeMs }: Watermark, gap: GapNotice | undefined): Uint8Array {
    return Buffer.from(gap ? `${toGapObject(gap, timeMs, this.#cursorAt(offset))}\n` : '');
  }

  eventChunks({ events }: Batch): readonly Uint8Array[] {
    return [Buffer.from(`${toEventObjects(events, this.#cursorAt).join('\n')}\n`)];
  }

  keepAlive({ offset, timeMs }: Watermark): Uint8Array {
    return Buffer.from(`${toKeepAliveObject(timeMs, this.#cursorAt(offset))}\n`);
  }
}

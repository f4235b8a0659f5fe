// Server-Sent Events, for browsers. [P14] Source: the HTML standard, "Server-sent events"
import type { Batch } from '../broker/batch.ts';
import type { Watermark } from '../broker/watermark.ts';
import { toEventObjects, toGapObject, type CursorAt } from './event-object.ts';
import { toSeconds } from './seconds.ts';
import type { GapNotice, StreamFormat } from './stream-format.ts';

/** How long a client that lost its stream waits before it comes back, in milliseconds. */
const RETRY_MS = 2_000;

/** One chunk per batch, one block per event. No payload holds a line end, so each is one `data:` line. */
export class SseFormat implements StreamFormat {
  readonly name = 'sse';
  readonly mediaType = 'text/event-stream';
  readonly #cursorAt: CursorAt;

  constructor(cursorAt: CursorAt) {
    this.#cursorAt = cursorAt;
  }

  // Why an event where there is no gap: clients in the wild take an id only from an event, and one that had none by the
  // time it lost its stream would come back without any, and miss what was published meanwhile.
  preamble({ offset, timeMs }: Watermark, gap: GapNotice | undefined): Uint8Array {
    const cursor = this.#cursorAt(offset);
    const [name, object] = gap
      ? ['gap', toGapObject(gap, timeMs, cursor)]
      : ['start', `{"pubsub_cursor":"${cursor}"}`];
    return Buffer.from(`retry: ${RETRY_MS}\n\nevent: ${name}\nid: ${cursor}\ndata: ${object}\n\n`);
  }

  eventChunks({ events }: Batch): readonly Uint8Array[] {
    const objects = toEventObjects(events, this.#cursorAt);
    const blocks = events.map(({ offset }, i) => `id: ${this.#cursorAt(offset)}\ndata: ${objects[i]}\n\n`);
    return [Buffer.from(blocks.join(''))];
  }

  // A comment keeps the connection busy; a block with nothing but an id moves the cursor and is no event to the page.
  keepAlive({ offset, timeMs }: Watermark): Uint8Array {
    return Buffer.from(`: stillalive ${toSeconds(timeMs)}\nid: ${this.#cursorAt(offset)}\n\n`);
  }
}

// A run of events that goes to one or many sinks at once, with what was made of it kept beside it.
import { payloadBytes, type Event } from '../core/event.ts';

/** Most payload bytes and events in a batch; what a slow subscriber may cost in memory. [P23] */
export const MAX_BATCH_BYTES: number = 128 * 1024;
export const MAX_BATCH_EVENTS = 256;

/** Events in offset order, at least one. */
export class Batch {
  readonly events: readonly Event[];
  readonly #encoded = new Map<(events: readonly Event[]) => unknown, unknown>();

  constructor(events: readonly Event[]) {
    if (events.length === 0) throw new TypeError('A batch holds at least one event.');
    this.events = events;
  }

  get firstOffset(): number {
    return this.events[0]?.offset ?? 0;
  }

  get lastOffset(): number {
    return this.events.at(-1)?.offset ?? 0;
  }

  get firstTimeMs(): number {
    return this.events[0]?.timeMs ?? 0;
  }

  /** What `encode` makes of the events; made once, however many sinks ask. */
  encodedBy<T>(encode: (events: readonly Event[]) => T): T {
    let encoded = this.#encoded.get(encode) as T | undefined;
    if (encoded === undefined) {
      encoded = encode(this.events);
      this.#encoded.set(encode, encoded);
    }
    return encoded;
  }

  /** The part after an offset; only for an offset below the last. */
  after(offset: number): Batch {
    return offset < this.firstOffset ? this : new Batch(this.events.filter((event) => event.offset > offset));
  }
}

/** Cuts events into batches within the bounds above; an event larger than the bound is a batch of its own. */
export function toBatches(events: readonly Event[]): Batch[] {
  const batches: Batch[] = [];
  let current: Event[] = [];
  let bytes = 0;
  for (const event of events) {
    const eventBytes = payloadBytes(event);
    if (current.length > 0 && (current.length >= MAX_BATCH_EVENTS || bytes + eventBytes > MAX_BATCH_BYTES)) {
      batches.push(new Batch(current));
      current = [];
      bytes = 0;
    }
    current.push(event);
    bytes += eventBytes;
  }
  if (current.length > 0) batches.push(new Batch(current));
  return batches;
}

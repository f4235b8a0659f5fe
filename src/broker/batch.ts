// A run of events that goes to one or many sinks at once, with what was made of it kept beside it.
import { payloadBytes, type Event } from '../core/event.ts';
import type { Watermark } from './watermark.ts';

/** Most payload bytes and events in a batch; what a slow subscriber may cost in memory. [P23] */
export const MAX_BATCH_BYTES: number = 128 * 1024;
export const MAX_BATCH_EVENTS = 256;

/** Makes bytes of batches. */
export interface BatchEncoder<Encoded> {
  encode(batch: Batch): Encoded;
}

/** Events in offset order, at least one, and how far a stream is that was handed them. */
export class Batch {
  readonly events: readonly Event[];
  readonly watermark: Watermark;
  readonly #encoded = new Map<BatchEncoder<unknown>, unknown>();

  constructor(events: readonly Event[], watermark: Watermark) {
    if (events.length === 0) throw new TypeError('A batch holds at least one event.');
    this.events = events;
    this.watermark = watermark;
  }

  get firstOffset(): number {
    return this.events[0]?.offset ?? 0;
  }

  get lastOffset(): number {
    return this.events.at(-1)?.offset ?? 0;
  }

  /** What an encoder makes of the batch; made once, however many sinks ask. */
  encodedBy<Encoded>(encoder: BatchEncoder<Encoded>): Encoded {
    let encoded = this.#encoded.get(encoder) as Encoded | undefined;
    if (encoded === undefined) {
      encoded = encoder.encode(this);
      this.#encoded.set(encoder, encoded);
    }
    return encoded;
  }

  /** The part after an offset; only for an offset below the last. */
  after(offset: number): Batch {
    if (offset < this.firstOffset) return this;
    return new Batch(
      this.events.filter((event) => event.offset > offset),
      this.watermark,
    );
  }
}

/** The part of a batch up to an offset; `undefined` if that is nothing. */
export function cutBatch(batch: Batch, upTo: number): Batch | undefined {
  if (batch.lastOffset <= upTo) return batch;
  const events = batch.events.filter((event) => event.offset <= upTo);
  return events.length > 0 ? new Batch(events, batch.watermark) : undefined;
}

/**
 * Cuts events, at least one, into batches within the bounds above; an event larger than the bound is a batch of its own.
 * `watermark` is that of the last batch.
 */
export function toBatches(events: readonly Event[], watermark: Watermark): Batch[] {
  const runs = toRuns(events);
  return runs.map((run, index) => new Batch(run, beforeRun(run, runs[index + 1]) ?? watermark));
}

// Where a stream stands between a run and the next one.
function beforeRun(run: readonly Event[], next: readonly Event[] | undefined): Watermark | undefined {
  const [last, first] = [run.at(-1), next?.[0]];
  return last && first && { offset: last.offset, timeMs: first.timeMs };
}

function toRuns(events: readonly Event[]): Event[][] {
  const runs: Event[][] = [];
  let run: Event[] = [];
  let bytes = 0;
  for (const event of events) {
    const eventBytes = payloadBytes(event);
    if (run.length > 0 && (run.length >= MAX_BATCH_EVENTS || bytes + eventBytes > MAX_BATCH_BYTES)) {
      runs.push(run);
      run = [];
      bytes = 0;
    }
    run.push(event);
    bytes += eventBytes;
  }
  if (run.length > 0) runs.push(run);
  return runs;
}

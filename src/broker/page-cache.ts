// Pages of the log for replays. Those who replay the same at the same time share them: read once, encoded once.
import type { Selection } from '../core/selection.ts';
import type { EventLog } from '../eventlog/event-log.ts';
import { Batch, MAX_BATCH_BYTES, MAX_BATCH_EVENTS } from './batch.ts';
import type { Watermark } from './watermark.ts';

/** A part of a replay. */
export interface ReplayPage {
  /** `undefined` when nothing of what was examined is selected. */
  readonly batch: Batch | undefined;
  /** How far a stream is after it. */
  readonly watermark: Watermark;
}

/** Most pages kept: with one encoding some 10 MB of common events, 50 MB of the largest. Beyond it the oldest is read again. */
const MAX_PAGES = 32;

interface Entry {
  readonly page: Promise<ReplayPage>;
  /** The newest event when it was read. */
  readonly lastOffset: number;
  /** Whether more events follow it, so that it stays as it is. */
  isFull: boolean;
}

/** Reads pages, and keeps them until {@link PageCache.clear}. */
export class PageCache {
  readonly #eventLog: EventLog;
  readonly #entries = new Map<string, Entry>();

  constructor(eventLog: EventLog) {
    this.#eventLog = eventLog;
  }

  /** The page after an offset. @throws as {@link EventLog.read} */
  read(selection: Selection, after: number): Promise<ReplayPage> {
    const key = `${after}\n${selection.key}`;
    const known = this.#entries.get(key);
    if (known && this.#isCurrent(known, after)) return known.page;
    const entry = this.#readNow(selection, after);
    this.#entries.delete(key); // So that it stands at the end.
    this.#entries.set(key, entry);
    this.#evict();
    return entry.page;
  }

  /** Forgets all pages: they are of use only among those who replay side by side. */
  clear(): void {
    this.#entries.clear();
  }

  #isCurrent({ isFull, lastOffset }: Entry, after: number): boolean {
    const { firstOffset, lastOffset: newest } = this.#eventLog;
    return (isFull || lastOffset === newest) && after >= firstOffset - 1;
  }

  #readNow(selection: Selection, after: number): Entry {
    const { lastOffset } = this.#eventLog;
    const page = this.#readPage(selection, after);
    const entry: Entry = { page, lastOffset, isFull: false };
    page.then(
      ({ watermark }) => (entry.isFull = watermark.offset < lastOffset),
      () => this.#forget(entry),
    );
    return entry;
  }

  async #readPage(selection: Selection, after: number): Promise<ReplayPage> {
    const request = { selection, after, maxEvents: MAX_BATCH_EVENTS, maxBytes: MAX_BATCH_BYTES };
    const { events, examinedTo, nextTimeMs } = await this.#eventLog.read(request);
    const watermark = { offset: examinedTo, timeMs: nextTimeMs };
    return { batch: events.length > 0 ? new Batch(events, watermark) : undefined, watermark };
  }

  #evict(): void {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= MAX_PAGES) return;
      this.#entries.delete(key);
    }
  }

  // What failed is tried again.
  #forget(failed: Entry): void {
    for (const [key, entry] of this.#entries) if (entry === failed) this.#entries.delete(key);
  }
}

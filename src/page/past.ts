// The button at the end of the list: older events, a page at a time.
import { find } from './dom.ts';
import type { Entry } from './entry.ts';
import { MAX_ROWS, type EventList } from './event-list.ts';
import { fetchOlder } from './older-events.ts';
import { viewEvent } from './event-view.ts';

/** What it works with. */
export interface PastParts {
  readonly list: EventList;
  readonly urlBefore: (cursor: string) => string;
  readonly onChange: () => void;
  readonly tell: (words: string) => void;
}

/** Fetches older events when it is asked to. */
export class Past {
  readonly #parts: PastParts;
  readonly #button = find('older', HTMLButtonElement);
  readonly #note = find('older-note', HTMLElement);
  #before: string | undefined;
  #isFetching = false;

  constructor(parts: PastParts) {
    this.#parts = parts;
    this.#button.addEventListener('click', () => void this.#fetch());
  }

  /** Whether older events may be had. */
  get hasMore(): boolean {
    return this.#before !== undefined;
  }

  /** Says where the next part ends; `undefined` when the log holds nothing older. */
  reach(before: string | undefined): void {
    this.#before = before;
    this.refresh();
  }

  /** Shows what can be had. */
  refresh(): void {
    const { rowCount } = this.#parts.list;
    const isFull = rowCount >= MAX_ROWS;
    this.#button.hidden = !this.hasMore || isFull;
    this.#note.textContent = this.hasMore || rowCount === 0 ? '' : 'Nothing older is held.';
    if (isFull) this.#note.textContent = `The page shows at most ${MAX_ROWS.toLocaleString('en')} events.`;
  }

  async #fetch(): Promise<void> {
    if (this.#before === undefined || this.#isFetching) return;
    this.#isFetching = true;
    this.#button.setAttribute('aria-disabled', 'true');
    try {
      const { events, before } = await fetchOlder(this.#parts.urlBefore, this.#before);
      const entries = events.map((item): Entry => ({ kind: 'event', view: viewEvent(item) }));
      this.#parts.list.addOldest(entries);
      // Why not the answer's when there was no room for all of it: what had none is fetched next.
      const hadRoom = this.#parts.list.rowCount < MAX_ROWS;
      this.reach(hadRoom ? before : this.#parts.list.oldestCursor);
      this.#parts.onChange();
      this.#parts.tell(
        events.length === 0
          ? 'Nothing found yet; ask again to look further back'
          : `${events.length} older events`,
      );
    } catch (error) {
      this.#note.textContent = `Older events could not be fetched. ${error instanceof Error ? error.message : ''}`;
      this.#parts.tell(this.#note.textContent);
    }
    this.#isFetching = false;
    this.#button.removeAttribute('aria-disabled');
  }
}

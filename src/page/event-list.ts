// The list on the screen: the newest on top, a group for each day, bounded in length, filtered by words.
import { make } from './dom.ts';
import type { Entry } from './entry.ts';
import { createRow, type Row } from './event-row.ts';
import { dayText } from './times.ts';

/** Most rows; beyond it the oldest go, and can be fetched again. Keeps the page light however long it stays open. */
export const MAX_ROWS = 1_000;

/** The rows and their elements. */
export class EventList {
  readonly #container: HTMLElement;
  readonly #nowMs: () => number;
  /** The newest first. */
  #rows: Row[] = [];
  #words: readonly string[] = [];

  /** Fills an empty element. */
  constructor(container: HTMLElement, nowMs: () => number) {
    this.#container = container;
    this.#nowMs = nowMs;
  }

  get rowCount(): number {
    return this.#rows.length;
  }

  /** How many rows the filter lets through. */
  get shownCount(): number {
    return this.#rows.filter(({ element }) => !element.hidden).length;
  }

  /** The cursor of the oldest event. */
  get oldestCursor(): string | undefined {
    return this.#rows.findLast(({ cursor }) => cursor !== undefined)?.cursor;
  }

  /** Puts entries on top, the last one uppermost. @returns whether the oldest rows had to go */
  addNewest(entries: readonly Entry[]): boolean {
    const rows = entries.slice(-MAX_ROWS).map((entry) => this.#createRow(entry));
    for (const row of rows) this.#group(row, 'first').prepend(row.element);
    this.#rows = [...rows.toReversed(), ...this.#rows];
    return this.#trim();
  }

  /** Puts entries at the end, the first one undermost, as many as there is room for. */
  addOldest(entries: readonly Entry[]): void {
    const room = MAX_ROWS - this.#rows.length;
    const rows = (room > 0 ? entries.slice(-room) : []).map((entry) => this.#createRow(entry)).toReversed();
    for (const row of rows) this.#group(row, 'last').append(row.element);
    this.#rows.push(...rows);
  }

  /** Shows only rows that hold all of the words. */
  filter(text: string): void {
    this.#words = text
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    for (const row of this.#rows) row.element.hidden = !this.#matches(row);
  }

  /** Says anew how long ago each was. */
  refreshTimes(): void {
    const nowMs = this.#nowMs();
    for (const row of this.#rows) row.refresh(nowMs);
  }

  #createRow(entry: Entry): Row {
    const row = createRow(entry, this.#nowMs());
    row.element.hidden = !this.#matches(row);
    return row;
  }

  #matches({ text }: Row): boolean {
    return this.#words.every((word) => text.includes(word));
  }

  // The list of the row's day, at this end of the container.
  #group({ timeMs }: Row, end: 'first' | 'last'): Element {
    const day = dayText(timeMs);
    const nearest = end === 'first' ? this.#container.firstElementChild : this.#container.lastElementChild;
    if (nearest?.getAttribute('data-day') === day && nearest.lastElementChild)
      return nearest.lastElementChild;
    const list = make('ol');
    const group = make('section', {
      class: 'day',
      attributes: { 'data-day': day, 'aria-label': day },
      children: [make('h2', { text: day }), list],
    });
    if (end === 'first') this.#container.prepend(group);
    else this.#container.append(group);
    return list;
  }

  #trim(): boolean {
    const gone = this.#rows.splice(MAX_ROWS);
    for (const { element } of gone) {
      const list = element.parentElement;
      element.remove();
      if (list?.childElementCount === 0) list.parentElement?.remove();
    }
    return gone.length > 0;
  }
}

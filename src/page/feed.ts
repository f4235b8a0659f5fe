// Between the stream and the list: new events wait while somebody reads further down, so that nothing jumps.
import type { Entry } from './entry.ts';
import { MAX_ROWS, type EventList } from './event-list.ts';
import { resetStop } from './list-keys.ts';
import { countOf } from './refs.ts';

/** The elements it works with. */
export interface FeedParts {
  readonly list: EventList;
  readonly container: HTMLElement;
  /** Shows what waits. */
  readonly button: HTMLButtonElement;
  /** The list changed; `lostOldest` if it had to let go of its oldest rows. */
  readonly onChange: (lostOldest: boolean) => void;
}

/** Scrolled further than this, in pixels, a reader is somewhere else than at the top. */
const TOP_PX = 40;

/** The list grows at most this often, in milliseconds: in a flood, most of what comes need never be drawn. */
const INTERVAL_MS = 150;

/** Hands new entries to the list when they disturb nobody. */
export class Feed {
  readonly #parts: FeedParts;
  #waiting: Entry[] = [];
  #lastShowMs = -INTERVAL_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: FeedParts) {
    this.#parts = parts;
    parts.button.addEventListener('click', () => this.#showAndGoToTop());
    // Why a later turn: until then nothing has the focus, though it may move within the list.
    parts.container.addEventListener('focusout', () => setTimeout(() => this.#showIfUndisturbing()));
    window.addEventListener('scroll', () => this.#showIfUndisturbing(), { passive: true });
  }

  /** Takes new entries, the oldest first. */
  add(entries: readonly Entry[]): void {
    // Beyond the bound they would push all that is shown out of the list anyway.
    this.#waiting = [...this.#waiting, ...entries].slice(-MAX_ROWS);
    this.#timer ??= setTimeout(
      () => this.#showIfUndisturbing(),
      this.#lastShowMs + INTERVAL_MS - performance.now(),
    );
  }

  #showIfUndisturbing(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const { button, container } = this.#parts;
    if (window.scrollY <= TOP_PX && !container.contains(document.activeElement)) this.#show();
    else {
      const count = this.#waiting.length;
      button.textContent = `${countOf(count, 'new event')}${count === MAX_ROWS ? ' or more' : ''}`;
      button.hidden = false;
    }
  }

  #show(): void {
    const { list, container, button, onChange } = this.#parts;
    const lostOldest = list.addNewest(this.#waiting);
    this.#waiting = [];
    this.#lastShowMs = performance.now();
    button.hidden = true;
    resetStop(container);
    onChange(lostOldest);
  }

  #showAndGoToTop(): void {
    this.#show();
    window.scrollTo(0, 0);
    this.#parts.container
      .querySelector<HTMLElement>('li.row[tabindex="0"], li.row')
      ?.focus({ preventScroll: true });
  }
}

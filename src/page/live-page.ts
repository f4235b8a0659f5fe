// The live page of a topic: its parts, and what goes from one to the other.
import { hasStart, olderUrl, streamUrl } from './addresses.ts';
import { Announcer } from './announcer.ts';
import { Connection } from './connection.ts';
import { find } from './dom.ts';
import { gapNotice, type Entry } from './entry.ts';
import { EventList } from './event-list.ts';
import { speakEvent, viewEvent } from './event-view.ts';
import { Feed } from './feed.ts';
import { addListKeys, resetStop } from './list-keys.ts';
import { Past } from './past.ts';
import { countOf } from './refs.ts';
import { ServerClock } from './server-clock.ts';
import { SignIn } from './sign-in.ts';
import { StatusBar } from './status-bar.ts';
import type { StreamItem } from './stream-item.ts';
import { addThemeSwitch } from './theme.ts';
import { addCurlLine, addServerFilters, showTopic } from './tools.ts';

/** How often the times on the page are said anew, in milliseconds. */
const TIMES_INTERVAL_MS = 5_000;

/** A page that nobody has seen for so long lets go of its connection, in milliseconds; browsers have six for each server. */
const HIDDEN_PAUSE_MS = 60_000;

/** A filter's result is told once its reader stops typing, in milliseconds. */
const TYPING_MS = 700;

/** That there is nothing is not said before what there is had this long to arrive, in milliseconds. */
const SETTLE_MS = 500;

const NOTHING = 'No events here yet. They appear as soon as somebody publishes one.';
const NOTHING_NEW = 'Nothing found among the newest events. There may be something further back.';

/** The whole page; `start` is called once. */
export class LivePage {
  readonly #place: Location;
  readonly #clock = new ServerClock();
  readonly #container = find('log', HTMLElement);
  readonly #filter = find('filter', HTMLInputElement);
  readonly #empty = find('empty', HTMLElement);
  readonly #count = find('count', HTMLElement);
  readonly #announcer = new Announcer();
  readonly #list: EventList;
  readonly #past: Past;
  readonly #feed: Feed;
  readonly #connection: Connection;
  readonly #statusBar: StatusBar;
  readonly #signIn: SignIn;
  #startMs = Infinity;
  #isPastKnown = false;
  #isSettled = false;
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor(place: Location) {
    this.#place = place;
    this.#list = new EventList(this.#container, () => this.#clock.nowMs());
    this.#past = new Past({
      list: this.#list,
      urlBefore: (cursor) => olderUrl(place, cursor),
      onChange: () => this.#refresh(),
      tell: (words) => this.#announcer.tell(words),
    });
    this.#feed = new Feed({
      list: this.#list,
      container: this.#container,
      button: find('show-new', HTMLButtonElement),
      onChange: (lostOldest) => this.#listGrew(lostOldest),
    });
    this.#connection = new Connection({
      urlAfter: (cursor) => streamUrl(place, cursor),
      onOpen: (headers) => this.#takeHeaders(headers),
      onItems: (items) => this.#takeItems(items),
      onState: (state) => {
        this.#statusBar.show(state);
        this.#signIn.show(state);
        this.#announcer.tellState(state);
      },
      onFault: (error) => reportError(error),
    });
    this.#statusBar = new StatusBar(() => this.#connection.retryNow());
    this.#signIn = new SignIn({
      onChange: () => place.reload(), // Why all of it: what may be read is another thing now, also of the past.
      tell: (words) => this.#announcer.tell(words),
    });
  }

  /** Fills the page in and connects. */
  start(): void {
    showTopic(this.#place.pathname);
    addServerFilters(this.#place);
    addCurlLine(this.#place, (words) => this.#announcer.tell(words));
    addThemeSwitch();
    addListKeys(this.#container);
    this.#filter.addEventListener('input', () => this.#applyFilter());
    setInterval(() => this.#list.refreshTimes(), TIMES_INTERVAL_MS);
    window.addEventListener('online', () => this.#connection.retryNow());
    this.#pauseWhileHidden();
    this.#connection.start();
  }

  #pauseWhileHidden(): void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    document.addEventListener('visibilitychange', () => {
      clearTimeout(timer);
      if (document.hidden) timer = setTimeout(() => this.#connection.setPaused(true), HIDDEN_PAUSE_MS);
      else this.#connection.setPaused(false);
    });
  }

  #takeHeaders(headers: Headers): void {
    this.#clock.adjust(headers.get('Date'));
    this.#startMs = Math.min(this.#startMs, this.#clock.nowMs());
    // Later streams go on where the one before ended: only the first one tells what is older than all of it. And one that
    // was asked to begin elsewhere tells nothing; then it is the first event.
    if (!this.#isPastKnown && !hasStart(this.#place)) this.#reachPast(headers.get('X-Before') ?? undefined);
    this.#refresh();
    setTimeout(() => this.#settle(), SETTLE_MS);
  }

  #settle(): void {
    this.#isSettled = true;
    this.#refresh();
  }

  #takeItems(items: readonly StreamItem[]): void {
    const first = items.find(({ kind }) => kind === 'event');
    if (first && !this.#isPastKnown) this.#reachPast(first.cursor);
    const entries = items.map((item) => this.#toEntry(item)).filter((entry) => entry !== undefined);
    for (const entry of entries) this.#announce(entry);
    if (entries.length > 0) this.#feed.add(entries);
  }

  #reachPast(before: string | undefined): void {
    this.#isPastKnown = true;
    this.#past.reach(before);
  }

  #toEntry(item: StreamItem): Entry | undefined {
    if (item.kind === 'event') return { kind: 'event', view: viewEvent(item) };
    if (item.kind === 'gap') return { kind: 'notice', notice: gapNotice(item, this.#clock.nowMs()) };
    return undefined;
  }

  // What was there from the beginning is read, not told.
  #announce(entry: Entry): void {
    if (entry.kind === 'notice') this.#announcer.add(entry.notice.words);
    else if (entry.view.timeMs > this.#startMs) this.#announcer.add(speakEvent(entry.view));
  }

  #listGrew(lostOldest: boolean): void {
    if (lostOldest) this.#past.reach(this.#list.oldestCursor);
    this.#refresh();
  }

  #applyFilter(): void {
    this.#list.filter(this.#filter.value);
    resetStop(this.#container);
    this.#refresh();
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#announcer.tell(this.#count.textContent), TYPING_MS);
  }

  #refresh(): void {
    const { rowCount, shownCount } = this.#list;
    const rows = countOf(rowCount, 'event');
    this.#count.textContent = shownCount === rowCount ? rows : `${shownCount} of ${rows}`;
    this.#empty.hidden = rowCount > 0 || !this.#isSettled;
    this.#empty.textContent = this.#past.hasMore ? NOTHING_NEW : NOTHING;
    this.#past.refresh();
  }
}

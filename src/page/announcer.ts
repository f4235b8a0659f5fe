// Tells screen readers what changed, in a region of its own that nobody sees.
import { Announcement } from './announcement.ts';
import type { ConnectionState } from './connection.ts';
import { find } from './dom.ts';

/** New events are told of at most this often, in milliseconds: a reader must be able to listen to the end. */
const INTERVAL_MS = 5_000;

const STATE_WORDS: Readonly<Record<ConnectionState['kind'], string>> = {
  connecting: '',
  live: 'Live',
  silent: 'Nothing comes from the server any more',
  waiting: 'Connection lost, reconnecting',
  refused: 'Refused',
  paused: '',
};

/** Speaks politely. */
export class Announcer {
  readonly #region = find('announcer', HTMLElement);
  readonly #announcement = new Announcement();
  #kind: ConnectionState['kind'] | undefined;

  constructor() {
    setInterval(() => this.#speak(this.#announcement.take()), INTERVAL_MS);
  }

  /** A new event, in one sentence; told of with the next words. */
  add(sentence: string): void {
    this.#announcement.add(sentence);
  }

  /** Another state, told of at once. The seconds in it are not. */
  tellState(state: ConnectionState): void {
    if (state.kind === this.#kind || state.kind === 'connecting') return;
    this.#kind = state.kind;
    this.#speak(`${STATE_WORDS[state.kind]}${state.kind === 'refused' ? `: ${state.words}` : ''}`);
  }

  /** Something that the reader asked for. */
  tell(words: string): void {
    this.#speak(words);
  }

  #speak(words: string): void {
    if (words !== '') this.#region.textContent = words;
  }
}

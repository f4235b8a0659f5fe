// The state of the connection in words, always to be seen.
import type { ConnectionState } from './connection.ts';
import { find } from './dom.ts';

const PLAIN_TEXTS = {
  connecting: 'Connecting…',
  live: 'Live',
  refused: 'Refused',
  paused: 'Paused while hidden',
} as const;

/** Shows the state, and counts its seconds. */
export class StatusBar {
  readonly #root = find('state', HTMLElement);
  readonly #text = find('state-text', HTMLElement);
  readonly #words = find('state-words', HTMLElement);
  readonly #trouble = find('trouble', HTMLElement);
  readonly #retry = find('retry', HTMLButtonElement);
  #state: ConnectionState = { kind: 'connecting' };

  /** `onRetry`: the reader doesn't want to wait. */
  constructor(onRetry: () => void) {
    this.#retry.addEventListener('click', onRetry);
    setInterval(() => this.#refresh(), 1_000);
  }

  /** Shows another state. */
  show(state: ConnectionState): void {
    this.#state = state;
    const { kind } = state;
    this.#root.dataset['kind'] = kind;
    this.#words.textContent = kind === 'waiting' || kind === 'refused' ? state.words : '';
    // Where a token is needed, the form for it says so.
    this.#trouble.hidden = this.#words.textContent === '' || needsToken(state);
    this.#retry.textContent = kind === 'refused' ? 'Try again' : 'Reconnect now';
    this.#refresh();
  }

  #refresh(): void {
    this.#text.textContent = stateText(this.#state, performance.now());
  }
}

function needsToken(state: ConnectionState): boolean {
  return state.kind === 'refused' && state.needsToken;
}

/** A state in a few words. */
function stateText(state: ConnectionState, nowMs: number): string {
  if (state.kind === 'silent') return `Silent for ${Math.round((nowMs - state.sinceMs) / 1000)} s`;
  if (state.kind === 'waiting')
    return `Reconnecting in ${Math.max(0, Math.ceil((state.untilMs - nowMs) / 1000))} s`;
  return needsToken(state) ? 'Token needed' : PLAIN_TEXTS[state.kind];
}

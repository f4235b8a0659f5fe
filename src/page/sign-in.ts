// The form for a token, which the server keeps in a cookie that no script sees, and the way to be rid of it again.
import type { ConnectionState } from './connection.ts';
import { find } from './dom.ts';
import { readRefusal } from './refusal.ts';
import { request } from './request.ts';

const SESSION_PATH = '/-/session';

/** What a header can hold, and no token has more. */
const TOKEN = /^[\x21-\x7e]+$/;

const NO_TOKEN = 'A token is one word without spaces; this is none.';

/** What it does beside. */
export interface SignInOptions {
  /** What may be read has changed. */
  readonly onChange: () => void;
  readonly tell: (words: string) => void;
}

/** Asks for a token where one is needed; a reader may also give one for what is private below a topic. */
export class SignIn {
  readonly #panel = find('token-panel', HTMLDetailsElement);
  readonly #input = find('token', HTMLInputElement);
  readonly #words = find('token-words', HTMLElement);
  readonly #options: SignInOptions;

  constructor(options: SignInOptions) {
    this.#options = options;
    find('sign-in', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#open(this.#input.value.trim());
    });
    find('sign-out', HTMLButtonElement).addEventListener('click', () => void this.#send('DELETE', {}));
  }

  /** Opens where the state is that a token is needed, and takes no other focus away. */
  show(state: ConnectionState): void {
    if (state.kind === 'live') this.#words.textContent = '';
    if (state.kind !== 'refused' || !state.needsToken) return;
    this.#words.textContent = state.words;
    this.#panel.open = true;
    if (document.activeElement === document.body) this.#input.focus();
  }

  async #open(token: string): Promise<void> {
    if (TOKEN.test(token)) await this.#send('POST', { Authorization: `Bearer ${token}` });
    else this.#complain(NO_TOKEN);
  }

  async #send(method: 'POST' | 'DELETE', headers: Readonly<Record<string, string>>): Promise<void> {
    try {
      const response = await request(SESSION_PATH, { method, headers });
      if (!response.ok) return this.#complain((await readRefusal(response)).words);
      this.#input.value = ''; // Why: browsers bring back what stood in a form.
      this.#options.onChange();
    } catch {
      this.#complain('The server cannot be reached.');
    }
  }

  #complain(words: string): void {
    this.#words.textContent = words;
    this.#options.tell(words);
    this.#input.select();
  }
}

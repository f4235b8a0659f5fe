// The page's stream: opened, watched and opened again where it was, and an honest word about its state. Knows no document.
import { LineSplitter } from './line-splitter.ts';
import { foreignAnswer, readRefusal, type Refusal } from './refusal.ts';
import { request } from './request.ts';
import { retryDelayMs } from './retry-delay.ts';
import { readItem, type StreamItem } from './stream-item.ts';

/** How the connection is. */
export type ConnectionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** Open, but nothing came since this moment (monotonic milliseconds), not even a keep-alive. */
  | { readonly kind: 'silent'; readonly sinceMs: number }
  /** Tried again at this moment (monotonic milliseconds). */
  | { readonly kind: 'waiting'; readonly untilMs: number; readonly words: string }
  | { readonly kind: 'refused'; readonly words: string; readonly needsToken: boolean }
  | { readonly kind: 'paused' };

/** What the page does with it. */
export interface ConnectionOptions {
  /** The stream's URL after a cursor, or from its beginning. */
  readonly urlAfter: (cursor: string | undefined) => string;
  /** A stream was opened; called before its items. */
  readonly onOpen: (headers: Headers) => void;
  readonly onItems: (items: readonly StreamItem[]) => void;
  readonly onState: (state: ConnectionState) => void;
  /** Told what `onOpen` or `onItems` has thrown: a fault of the page's own is none of the connection, which goes on. */
  readonly onFault: (error: unknown) => void;
}

/** Keep-alives come every 5 s, at most every 8 s. Later than this it is worth a word, later than that it is lost. [P12] */
const SILENT_MS = 12_500;
const LOST_MS = 25_000;
const WATCH_INTERVAL_MS = 1_000;

/** One stream with all its reconnections. */
export class Connection {
  readonly #options: ConnectionOptions;
  #cursor: string | undefined;
  #state: ConnectionState = { kind: 'connecting' };
  #abort = new AbortController();
  #lastByteMs = 0;
  #failures = 0;
  #hasConnected = false;
  #isPaused = false;
  #goOn: () => void = () => {};

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Connects, and keeps connected as long as the page is open. */
  start(): void {
    setInterval(() => this.#watch(), WATCH_INTERVAL_MS);
    void this.#run();
  }

  /** Does not wait any longer. */
  retryNow(): void {
    this.#goOn();
  }

  /** Lets go of the stream, or takes it up again where it was. A browser has few connections to one server. */
  setPaused(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    this.#abort.abort();
    this.#goOn();
  }

  async #run(): Promise<never> {
    for (;;) {
      if (this.#isPaused) {
        this.#setState({ kind: 'paused' });
        await this.#rest(undefined);
        continue;
      }
      const { words, isFinal, needsToken, retryAfterSeconds } = await this.#connectOnce();
      if (this.#isPaused) continue;
      const delayMs = Math.max(retryDelayMs(this.#failures++, Math.random()), retryAfterSeconds * 1000);
      this.#setState(
        isFinal
          ? { kind: 'refused', words, needsToken }
          : { kind: 'waiting', untilMs: performance.now() + delayMs, words },
      );
      await this.#rest(isFinal ? undefined : delayMs);
    }
  }

  /** Gives why the stream is over. */
  async #connectOnce(): Promise<Refusal> {
    this.#abort = new AbortController();
    this.#lastByteMs = performance.now();
    this.#setState({ kind: 'connecting' });
    try {
      const response = await request(this.#options.urlAfter(this.#cursor), { signal: this.#abort.signal });
      if (!response.ok) return await readRefusal(response);
      const mediaType = response.headers.get('Content-Type') ?? '';
      if (!mediaType.startsWith('application/x-ndjson') || !response.body)
        return foreignAnswer(mediaType, this.#hasConnected);
      this.#noteStart(response.headers);
      await this.#read(response.body.getReader());
      return temporary('The server ended the stream.');
    } catch {
      return temporary(
        this.#abort.signal.aborted ? 'Nothing came for too long.' : 'The server cannot be reached.',
      );
    }
  }

  #noteStart(headers: Headers): void {
    this.#hasConnected = true;
    // Why not with a gap: the notice comes first, and must come again if the connection is lost before it. [P21]
    if (!headers.has('X-Fetch-Gap')) this.#cursor ??= headers.get('X-Cursor') ?? undefined;
    this.#hand(() => this.#options.onOpen(headers));
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    const splitter = new LineSplitter();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#lastByteMs = performance.now();
      this.#failures = 0;
      if (this.#state.kind !== 'live') this.#setState({ kind: 'live' });
      this.#take(splitter.push(decoder.decode(value, { stream: true })));
    }
  }

  // The cursor moves with what was handed over, so nothing is lost or comes twice.
  #take(lines: readonly string[]): void {
    const items = lines.map(readItem).filter((item) => item !== undefined);
    if (items.length === 0) return;
    this.#hand(() => this.#options.onItems(items));
    this.#cursor = items.findLast(({ cursor }) => cursor !== '')?.cursor ?? this.#cursor;
  }

  #hand(over: () => void): void {
    try {
      over();
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  #watch(): void {
    const { kind } = this.#state;
    if (kind === 'waiting' || kind === 'refused' || kind === 'paused') return;
    const quietMs = performance.now() - this.#lastByteMs;
    if (quietMs >= LOST_MS) this.#abort.abort();
    else if (quietMs >= SILENT_MS && kind === 'live')
      this.#setState({ kind: 'silent', sinceMs: this.#lastByteMs });
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    this.#options.onState(state);
  }

  // Without a time only `retryNow` ends it.
  async #rest(delayMs: number | undefined): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#goOn = resolve;
      if (delayMs !== undefined) timer = setTimeout(resolve, delayMs);
    });
    clearTimeout(timer);
  }
}

function temporary(words: string): Refusal {
  return { words, isFinal: false, needsToken: false, retryAfterSeconds: 0 };
}

// Which brokers need not be asked again: for the rest of a try, or for all the repositories that somebody goes through. Knows
// no network.

// How many failures close an origin for the next repository, too. A time-out is one, for a single request may hang for its own
// reasons; nobody listening counts for all.
const MAX_STRIKES = 2;

/** Origins that take nothing at the moment. */
export class ClosedOrigins {
  readonly #closed = new Set<string>();
  readonly #strikes = new Map<string, number>();

  /** Whether any is closed. */
  get isEmpty(): boolean {
    return this.#closed.size === 0;
  }

  has(origin: string): boolean {
    return this.#closed.has(origin);
  }

  /** Begins with the next try or repository: only what did not answer in two of them in a row stays closed. */
  reopen(): void {
    for (const origin of this.#closed) {
      if ((this.#strikes.get(origin) ?? 0) < MAX_STRIKES) this.#closed.delete(origin);
    }
  }

  /** It answered, whatever it said. */
  noteAnswer(origin: string): void {
    this.#strikes.delete(origin);
  }

  /** It did not answer, in time or at all. */
  noteSilence(origin: string, isTimeout: boolean): void {
    this.#strikes.set(origin, isTimeout ? (this.#strikes.get(origin) ?? 0) + 1 : MAX_STRIKES);
  }

  /** Nothing more goes there in this try. */
  close(origin: string): void {
    this.#closed.add(origin);
  }
}

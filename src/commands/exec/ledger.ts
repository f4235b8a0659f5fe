// Which events are being handled, and up to where all are done, though they end in any order.

/** An event on its way. */
interface Entry {
  readonly cursor: string;
  isDone: boolean;
}

/** Keeps the point before which everything is done. */
export class Ledger {
  readonly #entries: Entry[] = [];
  #doneCursor: string | undefined;

  /** `start` is where the subscription begins, if that is known. */
  constructor(start: string | undefined) {
    this.#doneCursor = start;
  }

  /** Whether no event is on its way. */
  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Everything up to there is done, and perhaps something behind it as well. */
  get doneCursor(): string | undefined {
    return this.#doneCursor;
  }

  /** Takes an event in, in the order of the log; gives what to call when it is done. */
  add(cursor: string): () => void {
    const entry: Entry = { cursor, isDone: false };
    this.#entries.push(entry);
    return () => {
      entry.isDone = true;
      this.#advance();
    };
  }

  /** Everything up to there was seen; it counts if nothing is on its way. */
  pass(cursor: string | undefined): void {
    if (this.isEmpty && cursor !== undefined) this.#doneCursor = cursor;
  }

  #advance(): void {
    const index = this.#entries.findIndex(({ isDone }) => !isDone);
    const done = this.#entries.splice(0, index === -1 ? this.#entries.length : index);
    this.#doneCursor = done.at(-1)?.cursor ?? this.#doneCursor;
  }
}

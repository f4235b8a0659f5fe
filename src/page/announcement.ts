// What a screen reader says of new events: a few words now and then, however many come.

/** Collects what came since the last words. */
export class Announcement {
  #count = 0;
  #latest = '';

  /** Another event, in one sentence. */
  add(sentence: string): void {
    this.#count += 1;
    this.#latest = sentence;
  }

  /** The words for all of it; empty if nothing came. */
  take(): string {
    const words = this.#count > 1 ? `${this.#count} new events, the last: ${this.#latest}` : this.#latest;
    this.#count = 0;
    this.#latest = '';
    return words;
  }
}

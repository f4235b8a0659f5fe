// A limit on how many do something at the same time; the rest waits in the order of asking.

/** So many places. */
export class Slots {
  readonly #waiting: (() => void)[] = [];
  #freeCount: number;

  constructor(count: number) {
    this.#freeCount = count;
  }

  /** Does the work when there is a place for it. */
  async use<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#take();
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  #take(): Promise<void> {
    if (this.#freeCount === 0) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#freeCount -= 1;
    return Promise.resolve();
  }

  // The place goes from hand to hand.
  #release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#freeCount += 1;
    else next();
  }
}

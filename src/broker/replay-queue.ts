// Whose turn it is to replay: a few pages in each turn of the loop, first come, first served.

/** Something that replays one page at a time. */
export interface Replayer {
  /** Takes its turn; whoever wants another one queues up again. */
  replayStep(): Promise<void>;
}

/** Turns taken in one turn of the loop; bounds how long replays hold up everybody else. */
const STEPS_PER_TURN = 8;

/** A queue in which everybody stands at most once. */
export class ReplayQueue {
  readonly #waiting = new Set<Replayer>();
  #isScheduled = false;

  /** Queues up. */
  add(replayer: Replayer): void {
    this.#waiting.add(replayer);
    this.#schedule();
  }

  /** Leaves the queue. */
  delete(replayer: Replayer): void {
    this.#waiting.delete(replayer);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#takeTurns());
  }

  #takeTurns(): void {
    this.#isScheduled = false;
    let steps = 0;
    for (const replayer of this.#waiting) {
      if (steps++ === STEPS_PER_TURN) break;
      this.#waiting.delete(replayer);
      void replayer.replayStep();
    }
    if (this.#waiting.size > 0) this.#schedule();
  }
}

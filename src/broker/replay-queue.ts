// Whose turn it is to replay: a few pages in each turn of the loop, first come, first served.
import type { Clock } from '../core/clock.ts';

/** Something that replays one page at a time. */
export interface Replayer {
  /** Takes its turn; whoever wants another one queues up again. */
  replayStep(): Promise<void>;
}

/** Most turns taken in one turn of the loop. */
const STEPS_PER_TURN = 8;

/** After so many milliseconds no other begins in the same turn of the loop; bounds how long replays hold up everybody else. */
const MAX_TURN_MS = 5;

/** A queue in which everybody stands at most once. */
export class ReplayQueue {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #waiting = new Set<Replayer>();
  #isScheduled = false;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

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
    const untilMs = this.#clock.monotonicMs() + MAX_TURN_MS;
    let steps = 0;
    for (const replayer of this.#waiting) {
      if (steps === STEPS_PER_TURN || (steps > 0 && this.#clock.monotonicMs() >= untilMs)) break;
      steps += 1;
      this.#waiting.delete(replayer);
      void replayer.replayStep();
    }
    if (this.#waiting.size > 0) this.#schedule();
  }
}

// Whose turn it is to replay: a few pages in each turn of the loop, first come, first served.
import type { Clock } from '../core/clock.ts';

/** Something that replays one page at a time. */
export interface Replayer {
  /** Takes its turn; whoever wants another one queues up again. */
  replayStep(): Promise<void>;
}

/** Most turns taken in one turn of the loop. */
const STEPS_PER_TURN = 8;

/**
 * After so many milliseconds no other begins in the same turn of the loop; bounds how long replays hold up everybody else. A
 * publish takes three or four turns until it is with its subscribers.
 */
const MAX_TURN_MS = 2;

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
    setImmediate(() => void this.#takeTurns());
  }

  async #takeTurns(): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + MAX_TURN_MS;
    let steps = 0;
    for (const replayer of this.#waiting) {
      this.#waiting.delete(replayer);
      steps += 1;
      // What is read and written takes time; a read that takes longer than this turn of the loop holds up no other.
      await Promise.race([replayer.replayStep(), nextTurn()]);
      if (steps === STEPS_PER_TURN || this.#clock.monotonicMs() >= untilMs) break;
    }
    this.#isScheduled = false;
    if (this.#waiting.size > 0) this.#schedule();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

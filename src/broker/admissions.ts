// Publishers whose events are not all here yet: shutting down waits for them, for a while. [P27]
import type { Clock } from '../core/clock.ts';
import { GitPubSubError } from '../core/errors.ts';

interface Admission {
  giveUp(error: GitPubSubError): void;
}

/** How often it is looked whether they are done, in milliseconds. */
const POLL_MS = 5;

/** Who was let in. */
export class Admissions {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #admitted = new Set<Admission>();
  #isClosed = false;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Lets a publisher in. @returns what to call once it is done @throws GitPubSubError `shutting-down` */
  admit(giveUp: (error: GitPubSubError) => void): () => void {
    if (this.#isClosed) throw shuttingDown();
    const admission = { giveUp };
    this.#admitted.add(admission);
    return () => this.#admitted.delete(admission);
  }

  /** Lets nobody in any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** Resolves when all are done, or after so many milliseconds. */
  async whenDone(withinMs: number): Promise<void> {
    const deadlineMs = this.#clock.monotonicMs() + withinMs;
    while (this.#admitted.size > 0 && this.#clock.monotonicMs() < deadlineMs)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }

  /** Tells those who are left that nobody waits for them. */
  giveUp(): void {
    for (const admission of this.#admitted) admission.giveUp(shuttingDown());
  }
}

function shuttingDown(): GitPubSubError {
  return new GitPubSubError('shutting-down', 'The broker is shutting down; try again soon.');
}

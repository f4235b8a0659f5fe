// Group commit: the appends of one turn of the loop become one transaction. Knows no SQL: the engine commits.
import { GitPubSubError } from '../core/errors.ts';
import type { Event, NewEvent } from '../core/event.ts';
import type { Clock } from '../core/clock.ts';

/** What the engine does with a batch. */
export interface Committer {
  /** Stores the events, all or none, and returns them as stored. Throws when it can't. */
  commit(events: readonly NewEvent[]): readonly Event[];
  /** Whether the error means that somebody else holds a lock, so that the same batch may succeed a little later. */
  isBusy(error: unknown): boolean;
}

interface PendingAppend {
  readonly events: readonly NewEvent[];
  readonly sinceMs: number;
  readonly resolve: (stored: readonly Event[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Most events in one transaction; bounds how long one commit holds the loop. What is over goes into the next turn's. */
const MAX_COMMIT_EVENTS = 2_000;

/** How soon a locked database is tried again, in milliseconds. */
const BUSY_RETRY_MS = 20;

/** How long an append waits for a locked database before it is refused, in milliseconds. */
const BUSY_DEADLINE_MS = 5_000;

/** Collects appends and commits them together from a later turn of the loop. */
export class GroupCommit {
  readonly #committer: Committer;
  readonly #clock: Clock;
  #pending: PendingAppend[] = [];
  #isScheduled = false;
  #idleListeners: (() => void)[] = [];
  #failure: string | undefined;

  constructor(committer: Committer, clock: Clock) {
    this.#committer = committer;
    this.#clock = clock;
  }

  /** Why the newest attempt stored nothing; `undefined` when it did, or none was made. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Adds events to the next batch. @throws GitPubSubError `log-unavailable`, and then none of them is stored */
  append(events: readonly NewEvent[]): Promise<readonly Event[]> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ events, sinceMs: this.#clock.monotonicMs(), resolve, reject });
      this.#schedule();
    });
  }

  /** Commits nothing, to see whether the engine works (again). */
  probe(): void {
    try {
      this.#committer.commit([]);
      this.#failure = undefined;
    } catch (error) {
      this.#failure = (error as Error).message;
    }
  }

  /** Resolves when nothing waits for a commit. */
  whenIdle(): Promise<void> {
    if (this.#pending.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleListeners.push(resolve));
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // Measured: an immediate runs after every request of this turn was read, so that the turn is the batch.
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isScheduled = false;
    const batch = this.#takeBatch();
    try {
      const stored = this.#committer.commit(batch.flatMap((append) => append.events));
      this.#failure = undefined;
      resolveAll(batch, stored);
    } catch (error) {
      this.#fail(batch, error);
    }
    if (this.#pending.length > 0) this.#schedule();
    else this.#tellIdle();
  }

  #takeBatch(): PendingAppend[] {
    let eventCount = 0;
    let end = 0;
    for (const append of this.#pending) {
      eventCount += append.events.length;
      if (end > 0 && eventCount > MAX_COMMIT_EVENTS) break;
      end++;
    }
    return this.#pending.splice(0, end);
  }

  #fail(batch: PendingAppend[], error: unknown): void {
    this.#failure = (error as Error).message;
    const unavailable = new GitPubSubError(
      'log-unavailable',
      `The event log cannot store events now: ${this.#failure}. Nothing was stored; try again.`,
      { cause: error },
    );
    const now = this.#clock.monotonicMs();
    const isWorthRetry = this.#committer.isBusy(error);
    const [late, early] = partition(
      batch,
      (append) => !isWorthRetry || now - append.sinceMs >= BUSY_DEADLINE_MS,
    );
    for (const append of late) append.reject(unavailable);
    if (early.length > 0) this.#retryLater(early);
  }

  #retryLater(batch: PendingAppend[]): void {
    this.#pending.unshift(...batch);
    this.#isScheduled = true;
    setTimeout(() => this.#flush(), BUSY_RETRY_MS);
  }

  #tellIdle(): void {
    const listeners = this.#idleListeners;
    this.#idleListeners = [];
    for (const listener of listeners) listener();
  }
}

function resolveAll(batch: readonly PendingAppend[], stored: readonly Event[]): void {
  let taken = 0;
  for (const append of batch) {
    append.resolve(stored.slice(taken, taken + append.events.length));
    taken += append.events.length;
  }
}

function partition<T>(items: readonly T[], belongsFirst: (item: T) => boolean): [T[], T[]] {
  const first: T[] = [];
  const second: T[] = [];
  for (const item of items) (belongsFirst(item) ? first : second).push(item);
  return [first, second];
}

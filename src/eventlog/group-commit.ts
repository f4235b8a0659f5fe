// Group commit: the appends of one turn of the loop become one transaction. Knows no SQL: the engine commits.
import { GitPubSubError } from '../core/errors.ts';
import type { Clock } from '../core/clock.ts';
import type { Append } from '../core/event.ts';
import type { Appended } from './event-log.ts';

/** What the engine does with a batch. */
export interface Committer {
  /**
   * Stores the events of all appends, or of none, and returns what became of each: an error for one that contradicts an
   * earlier append, which keeps nobody else back. Throws when it can't store any.
   */
  commit(appends: readonly Append[]): readonly (Appended | GitPubSubError)[];
  /** Whether the error means that somebody else holds a lock, so that the same batch may succeed a little later. */
  isBusy(error: unknown): boolean;
}

interface PendingAppend {
  readonly append: Append;
  readonly sinceMs: number;
  readonly resolve: (appended: Appended) => void;
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
  #isPatient = true;

  constructor(committer: Committer, clock: Clock) {
    this.#committer = committer;
    this.#clock = clock;
  }

  /** Why the newest attempt stored nothing; `undefined` when it did, or none was made. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Adds to the next batch; ends as {@link EventLog.append} does. */
  append(append: Append): Promise<Appended> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ append, sinceMs: this.#clock.monotonicMs(), resolve, reject });
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

  /** From now on nobody waits for a lock of somebody else: what meets one is refused. */
  stopWaiting(): void {
    this.#isPatient = false;
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
      const results = this.#committer.commit(batch.map(({ append }) => append));
      this.#failure = undefined;
      settleAll(batch, results);
    } catch (error) {
      this.#fail(batch, error);
    }
    if (this.#pending.length > 0) this.#schedule();
    else this.#tellIdle();
  }

  #takeBatch(): PendingAppend[] {
    let eventCount = 0;
    let end = 0;
    for (const { append } of this.#pending) {
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
    const isWorthRetry = this.#isPatient && this.#committer.isBusy(error);
    const [late, early] = partition(
      batch,
      ({ sinceMs }) => !isWorthRetry || now - sinceMs >= BUSY_DEADLINE_MS,
    );
    for (const pending of late) pending.reject(unavailable);
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

function settleAll(batch: readonly PendingAppend[], results: readonly (Appended | GitPubSubError)[]): void {
  batch.forEach(({ resolve, reject }, index) => {
    const result = results[index];
    if (result === undefined || result instanceof GitPubSubError) reject(result);
    else resolve(result);
  });
}

function partition<T>(items: readonly T[], belongsFirst: (item: T) => boolean): [T[], T[]] {
  const first: T[] = [];
  const second: T[] = [];
  for (const item of items) (belongsFirst(item) ? first : second).push(item);
  return [first, second];
}

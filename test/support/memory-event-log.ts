// An event log in memory: the second engine behind the interface, naive and obviously right. Everything is an array, every
// look-up a scan. Reads can be made to take turns of the loop, as those of a log on another machine would.
import { randomBytes } from 'node:crypto';
import type { SteadyClock } from '../../src/core/clock.ts';
import { GitPubSubError } from '../../src/core/errors.ts';
import { payloadBytes, type Append, type Event } from '../../src/core/event.ts';
import { selects } from '../../src/core/selection.ts';
import type {
  Appended,
  EventLog,
  LookBackRequest,
  LookedBack,
  Page,
  ReadRequest,
  RetentionBounds,
  TimePosition,
} from '../../src/eventlog/event-log.ts';
import { passTurns } from './turns.ts';

/** What a memory log keeps when it is closed; a plain value, so that a copy of it is an older copy of the log. */
export interface MemoryStorage {
  readonly id: string;
  held: Event[];
  pruned: { offset: number; timeMs: number };
  /** No later time was told when it was closed. */
  toldMs: number;
  trustedMs: number;
  runs: { firstOffset: number; nonce: string }[];
  keys: { append: Append; appended: Appended }[];
}

export interface MemoryEventLogOptions {
  readonly storage: MemoryStorage;
  readonly steadyClock: SteadyClock;
  /** How many turns each read and search takes before it looks and again before it answers; 0 answers at once. */
  readonly pickReadTurns?: () => number;
  /** Most events looked at by one read; all by default. */
  readonly maxExamined?: number;
  /** Whether each append is a commit of its own, several in one turn, as if they came from several brokers. */
  readonly commitsEach?: boolean;
}

interface PendingAppend {
  readonly append: Append;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

export function createMemoryStorage(): MemoryStorage {
  return {
    id: randomBytes(6).toString('hex'),
    held: [],
    pruned: { offset: 0, timeMs: 0 },
    toldMs: 0,
    trustedMs: 0,
    runs: [],
    keys: [],
  };
}

export class MemoryEventLog implements EventLog {
  readonly #storage: MemoryStorage;
  readonly #steadyClock: SteadyClock;
  readonly #pickReadTurns: () => number;
  readonly #maxExamined: number;
  readonly #commitsEach: boolean;
  readonly #nonce = randomBytes(4).toString('hex');
  readonly #listeners: ((events: readonly Event[]) => void)[] = [];
  #pending: PendingAppend[] = [];
  #newestFlush: Promise<void> = Promise.resolve();
  #refusal: string | undefined;
  #failure: string | undefined;

  constructor(options: MemoryEventLogOptions) {
    this.#storage = options.storage;
    this.#steadyClock = options.steadyClock;
    this.#pickReadTurns = options.pickReadTurns ?? (() => 0);
    this.#maxExamined = options.maxExamined ?? Infinity;
    this.#commitsEach = options.commitsEach ?? false;
    this.#steadyClock.startAt(this.#storage.toldMs);
  }

  get id(): string {
    return this.#storage.id;
  }

  get firstOffset(): number {
    return this.#storage.pruned.offset + 1;
  }

  get lastOffset(): number {
    return this.#storage.pruned.offset + this.#storage.held.length;
  }

  get failure(): string | undefined {
    return this.#failure;
  }

  /** From now on nothing can be stored, for this reason; with `undefined` everything can again. */
  refuseWrites(reason: string | undefined): void {
    this.#refusal = reason;
  }

  get trustedMs(): number {
    return this.#storage.trustedMs;
  }

  append(append: Append): Promise<Appended> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ append, resolve, reject });
      if (this.#pending.length === 1 || this.#commitsEach)
        this.#newestFlush = passTurns(1).then(() => this.#commitPending());
    });
  }

  onCommit(listener: (events: readonly Event[]) => void): void {
    this.#listeners.push(listener);
  }

  async read(request: ReadRequest): Promise<Page> {
    await passTurns(this.#pickReadTurns());
    const page = this.#readNow(request);
    await passTurns(this.#pickReadTurns());
    return page;
  }

  async lookBack({ selection, upTo, maxEvents }: LookBackRequest): Promise<LookedBack> {
    await passTurns(this.#pickReadTurns());
    let after = upTo;
    let count = 0;
    for (const event of this.#storage.held.toReversed()) {
      if (count >= maxEvents || upTo - after >= this.#maxExamined) break;
      if (event.offset > upTo) continue;
      after = event.offset - 1;
      if (selects(selection, event)) count += 1;
    }
    return { after, count };
  }

  async findTime(timeMs: number): Promise<TimePosition> {
    await passTurns(this.#pickReadTurns());
    const { held, pruned } = this.#storage;
    const before = held.filter((event) => event.timeMs < timeMs).length;
    return { offset: pruned.offset + before, isPruned: pruned.offset > 0 && pruned.timeMs >= timeMs };
  }

  checkAt(offset: number): string | undefined {
    if (offset === 0) return '00000000';
    if (offset > this.lastOffset) return undefined;
    return this.#storage.runs.findLast((run) => run.firstOffset <= offset)?.nonce;
  }

  async prune(bounds: RetentionBounds, maxRemoved: number): Promise<number> {
    const storage = this.#storage;
    let removed = 0;
    for (; removed < maxRemoved && isOldestOutOfBounds(storage.held, bounds); removed++) {
      const oldest = storage.held.shift();
      if (oldest) storage.pruned = { offset: oldest.offset, timeMs: oldest.timeMs };
    }
    const markRun = storage.runs.findLastIndex((run) => run.firstOffset <= storage.pruned.offset);
    storage.runs = storage.runs.slice(Math.max(0, markRun));
    storage.keys = storage.keys.filter(({ appended }) => appended.lastOffset > storage.pruned.offset);
    return removed;
  }

  probe(): void {
    this.#failure = this.#refusal;
  }

  maintain(): void {}

  trustClock(timeMs: number): void {
    this.#storage.trustedMs = timeMs;
  }

  stopWaiting(): void {}

  async close(): Promise<void> {
    await this.#newestFlush;
    this.#storage.toldMs = this.#steadyClock.nowMs();
  }

  #readNow({ selection, after, maxEvents, maxBytes }: ReadRequest): Page {
    const { held, pruned } = this.#storage;
    if (after < pruned.offset) {
      throw new GitPubSubError('offset-pruned', `Events after offset ${after} have been pruned.`);
    }
    const events: Event[] = [];
    let examinedTo = after;
    let bytes = 0;
    for (const event of held.slice(after - pruned.offset)) {
      if (events.length >= maxEvents || examinedTo - after >= this.#maxExamined) break;
      if (events.length > 0 && bytes >= maxBytes) break;
      examinedTo = event.offset;
      if (!selects(selection, event)) continue;
      events.push(event);
      bytes += payloadBytes(event);
    }
    const next = held[examinedTo - pruned.offset];
    return { events, examinedTo, nextTimeMs: next?.timeMs ?? this.#steadyClock.nowMs() };
  }

  #commitPending(): void {
    const batch = this.#pending.splice(0, this.#commitsEach ? 1 : Infinity);
    this.#failure = this.#refusal;
    if (this.#refusal !== undefined) {
      for (const append of batch) append.reject(new GitPubSubError('log-unavailable', this.#refusal));
      return;
    }
    const timeMs = this.#steadyClock.nowMs();
    const stored: Event[] = [];
    const answers = batch.map(({ append }) => this.#takeAppend(append, timeMs, stored));
    if (stored.length > 0) this.#store(stored);
    batch.forEach(({ resolve, reject }, index) => {
      const answer = answers[index];
      if (answer === undefined || answer instanceof GitPubSubError) reject(answer);
      else resolve(answer);
    });
  }

  // What becomes of an append; what it stores is added to `stored`.
  #takeAppend(append: Append, timeMs: number, stored: Event[]): Appended | GitPubSubError {
    const earlier = this.#storage.keys.find((known) => hasSameKey(known.append, append));
    if (earlier) {
      const isRepeat = earlier.append.idempotency?.fingerprint === append.idempotency?.fingerprint;
      if (isRepeat) return { ...earlier.appended, isReplayed: true };
      return new GitPubSubError('idempotency-conflict', 'The key was used for something else.');
    }
    for (const { topic, payload } of append.events)
      stored.push({ offset: this.lastOffset + stored.length + 1, topic, timeMs, payload });
    const appended = { lastOffset: this.lastOffset + stored.length, timeMs, isReplayed: false };
    if (append.idempotency) this.#storage.keys.push({ append, appended });
    return appended;
  }

  #store(stored: readonly Event[]): void {
    if (this.#storage.runs.at(-1)?.nonce !== this.#nonce)
      this.#storage.runs.push({ firstOffset: this.lastOffset + 1, nonce: this.#nonce });
    this.#storage.held.push(...stored);
    for (const listener of this.#listeners) listener(stored);
  }
}

function hasSameKey({ idempotency: one }: Append, { idempotency: other }: Append): boolean {
  return one !== undefined && one.principal === other?.principal && one.key === other.key;
}

function isOldestOutOfBounds(held: readonly Event[], bounds: RetentionBounds): boolean {
  const [oldest] = held;
  if (!oldest) return false;
  const { beforeMs = -Infinity, maxEvents = Infinity, maxBytes = Infinity } = bounds;
  if (oldest.timeMs < beforeMs || held.length > maxEvents) return true;
  return held.reduce((sum, event) => sum + payloadBytes(event), 0) > maxBytes;
}

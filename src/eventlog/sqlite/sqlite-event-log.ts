// The event log in SQLite: what is in memory beside the database, and the operations of the interface.
import type { Clock, SteadyClock } from '../../core/clock.ts';
import { GitPubSubError } from '../../core/errors.ts';
import type { Append, Event } from '../../core/event.ts';
import type {
  Appended,
  EventLog,
  LookBackRequest,
  LookedBack,
  Page,
  ReadRequest,
  RetentionBounds,
  TimePosition,
} from '../event-log.ts';
import { GroupCommit } from '../group-commit.ts';
import { BackReader } from './back-reader.ts';
import { ClockMemory } from './clock-memory.ts';
import { DamagedLogError, EventReader } from './event-reader.ts';
import { Epochs } from './epochs.ts';
import { EventWriter, type Epoch, type PrunedMark } from './event-writer.ts';
import { lastWhere } from './last-where.ts';
import { checkEnds, readLogState, type LogState } from './log-state.ts';
import {
  isBusy,
  isSqliteError,
  openDatabase,
  reasonOf,
  refuse,
  type Durability,
  type OpenDatabase,
} from './open-database.ts';

/** What the log is opened with. */
export interface SqliteEventLogOptions {
  /** The database file; created when it isn't there. */
  readonly path: string;
  readonly durability: Durability;
  readonly clock: Clock;
  /** Gives events their times; told at start where to go on, and how far it may go. */
  readonly steadyClock: SteadyClock;
}

/**
 * Opens the log, and creates it when the file isn't there.
 * @throws GitPubSubError `cannot-start` or `unusable-database`
 */
export function openSqliteEventLog(options: SqliteEventLogOptions): EventLog {
  const open = openDatabase(options.path, options.durability);
  try {
    const reader = new EventReader(open.database, options.clock);
    const state = readLogState(open.database);
    checkEnds(state, reader);
    return new SqliteEventLog(open, reader, state, options);
  } catch (error) {
    open.close();
    throw refuse(options.path, error);
  }
}

class SqliteEventLog implements EventLog {
  readonly id: string;
  readonly #open: OpenDatabase;
  readonly #reader: EventReader;
  readonly #backReader: BackReader;
  readonly #writer: EventWriter;
  readonly #steadyClock: SteadyClock;
  readonly #clockMemory: ClockMemory;
  readonly #groupCommit: GroupCommit;
  readonly #listeners: ((events: readonly Event[]) => void)[] = [];
  readonly #epochs: Epochs;
  #pruned: PrunedMark;
  #lastOffset: number;
  #bytesThrough: number;

  constructor(open: OpenDatabase, reader: EventReader, state: LogState, options: SqliteEventLogOptions) {
    this.id = state.id;
    this.#open = open;
    this.#reader = reader;
    this.#backReader = new BackReader(open.database, reader, options.clock);
    this.#writer = new EventWriter(open.database);
    this.#steadyClock = options.steadyClock;
    this.#epochs = new Epochs(state.epochs);
    this.#pruned = state.pruned;
    this.#lastOffset = state.lastOffset;
    this.#bytesThrough = state.bytesThrough;
    this.#clockMemory = new ClockMemory(this.#writer, options.clock, options.steadyClock, state);
    this.#groupCommit = new GroupCommit(
      { commit: (appends) => this.#commit(appends), isBusy },
      options.clock,
    );
    this.maintain();
  }

  get firstOffset(): number {
    return this.#pruned.offset + 1;
  }

  get lastOffset(): number {
    return this.#lastOffset;
  }

  get failure(): string | undefined {
    return this.#groupCommit.failure;
  }

  get trustedMs(): number {
    return this.#clockMemory.trustedMs;
  }

  append(append: Append): Promise<Appended> {
    return this.#groupCommit.append(append);
  }

  onCommit(listener: (events: readonly Event[]) => void): void {
    this.#listeners.push(listener);
  }

  async read(request: ReadRequest): Promise<Page> {
    this.#checkHeld(request.after);
    return this.#guard(() => {
      const { events, examinedTo } = this.#reader.read(request, this.#lastOffset);
      return { events, examinedTo, nextTimeMs: this.#timeAfter(examinedTo) };
    });
  }

  async lookBack(request: LookBackRequest): Promise<LookedBack> {
    return this.#guard(() => this.#backReader.lookBack(request, this.#pruned.offset));
  }

  async findTime(timeMs: number): Promise<TimePosition> {
    const offset = this.#guard(() =>
      this.#lastWhere((candidate) => (this.#reader.timeAt(candidate) ?? -Infinity) < timeMs),
    );
    return { offset, isPruned: this.#pruned.offset > 0 && this.#pruned.timeMs >= timeMs };
  }

  checkAt(offset: number): string | undefined {
    if (offset === 0) return '00000000';
    return offset > this.#lastOffset ? undefined : this.#epochs.at(offset)?.nonce;
  }

  async prune(bounds: RetentionBounds, maxRemoved: number): Promise<number> {
    return this.#guard(() => {
      if (this.#open.files.checkData() !== undefined) return 0;
      const through = Math.min(this.#pruneTarget(bounds), this.#pruned.offset + maxRemoved);
      const removed = through - this.#pruned.offset;
      if (removed <= 0) return 0;
      this.#removeThrough(through);
      return removed;
    });
  }

  probe(): void {
    this.#groupCommit.probe();
  }

  maintain(): void {
    const isCommitDue = this.#clockMemory.dueMark() !== undefined || this.#open.files.check() !== undefined;
    if (isCommitDue) this.#groupCommit.probe();
  }

  trustClock(timeMs: number): void {
    const isFirst = this.#clockMemory.trustedMs === 0;
    this.#clockMemory.trustedMs = timeMs;
    if (isFirst) this.#groupCommit.probe(); // Without waiting, so that a jump soon after is noticed, too.
  }

  stopWaiting(): void {
    this.#groupCommit.stopWaiting();
  }

  async close(): Promise<void> {
    await this.#groupCommit.whenIdle();
    try {
      this.#clockMemory.writeLast();
    } catch (error) {
      if (!isSqliteError(error)) throw error; // Else the limit counts, as after a crash.
    }
    this.#open.close();
  }

  #commit(appends: readonly Append[]): readonly (Appended | GitPubSubError)[] {
    this.#checkFiles(appends.length === 0);
    if (appends.length === 0) {
      this.#clockMemory.write();
      return [];
    }
    const clockMark = this.#clockMemory.dueMark();
    const timeMs = this.#clockMemory.commitMs(clockMark);
    const newEpoch = this.#epochs.beginAt(this.#lastOffset + 1);
    const { stored, results, bytesThrough } = this.#writer.insert(appends, {
      lastOffset: this.#lastOffset,
      bytesThrough: this.#bytesThrough,
      timeMs,
      newEpoch,
      clockMark,
    });
    if (clockMark) this.#clockMemory.take(clockMark, timeMs);
    if (stored.length > 0) this.#takeStored(stored, bytesThrough, newEpoch);
    return results;
  }

  // Before each commit, so that nothing is acknowledged that no restart will find. (Invariant: I1)
  #checkFiles(isThorough: boolean): void {
    const { files } = this.#open;
    const problem = isThorough ? files.check() : files.checkData();
    if (problem !== undefined) throw new Error(problem);
  }

  // Invariant: I2. Only now the batch is on disk.
  #takeStored(stored: readonly Event[], bytesThrough: number, newEpoch: Epoch | undefined): void {
    if (newEpoch) this.#epochs.begin(newEpoch);
    this.#lastOffset += stored.length;
    this.#bytesThrough = bytesThrough;
    for (const listener of this.#listeners) listener(stored);
  }

  #checkHeld(after: number): void {
    if (after >= this.#pruned.offset) return;
    throw new GitPubSubError(
      'offset-pruned',
      `Events after offset ${after} have been pruned; the oldest held is ${this.firstOffset}.`,
    );
  }

  #timeAfter(offset: number): number {
    return this.#reader.timeAt(offset + 1) ?? this.#steadyClock.nowMs();
  }

  #pruneTarget(bounds: RetentionBounds): number {
    const { beforeMs, maxEvents, maxBytes } = bounds;
    const excessBytes = this.#bytesThrough - (maxBytes ?? Infinity);
    return Math.max(
      beforeMs === undefined
        ? 0
        : this.#lastWhere((offset) => (this.#reader.timeAt(offset) ?? -Infinity) < beforeMs),
      maxEvents === undefined ? 0 : this.#lastOffset - maxEvents,
      // The events before the first one at which the sum passes the excess must go, and that one as well.
      excessBytes <= this.#pruned.bytesThrough
        ? 0
        : this.#lastWhere((offset) => (this.#reader.bytesThrough(offset) ?? 0) < excessBytes) + 1,
    );
  }

  #removeThrough(offset: number): void {
    const mark: PrunedMark = {
      offset,
      timeMs: this.#reader.timeAt(offset) ?? this.#pruned.timeMs,
      bytesThrough: this.#reader.bytesThrough(offset) ?? this.#pruned.bytesThrough,
    };
    // The run that stored the mark itself stays known, so that a cursor at the mark is still recognised.
    const oldest = this.#epochs.at(offset)?.firstOffset ?? 0;
    this.#writer.removeThrough(mark, oldest, this.#lastOffset - offset);
    this.#epochs.forgetBefore(oldest);
    this.#pruned = mark;
  }

  // Among the held ones; the offset before the oldest of them when it is true for none.
  #lastWhere(holds: (offset: number) => boolean): number {
    return lastWhere(this.#pruned.offset, this.#lastOffset, holds);
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!isSqliteError(error) && !(error instanceof DamagedLogError)) throw error;
      throw new GitPubSubError('log-unavailable', `The event log cannot be used now: ${reasonOf(error)}.`, {
        cause: error,
      });
    }
  }
}

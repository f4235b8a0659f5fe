// What the log remembers of the clocks, in memory and in its row: how far times may go, and when the wall clock was believed.
import type { Clock, SteadyClock } from '../../core/clock.ts';
import { TimeLimit } from '../time-limit.ts';
import type { ClockMark, EventWriter } from './event-writer.ts';
import type { LogState } from './log-state.ts';

/** Of one open log. */
export class ClockMemory {
  readonly #writer: EventWriter;
  readonly #steadyClock: SteadyClock;
  readonly #timeLimit: TimeLimit;
  #trustedMs: number;

  constructor(writer: EventWriter, clock: Clock, steadyClock: SteadyClock, state: LogState) {
    this.#writer = writer;
    this.#steadyClock = steadyClock;
    this.#timeLimit = new TimeLimit(
      steadyClock,
      clock,
      Math.max(state.lastTimeMs, state.clockMark.timeLimitMs),
    );
    this.#trustedMs = state.clockMark.trustedMs;
  }

  /** When the wall clock was last believed; UTC milliseconds, 0 for never. Set in memory first. */
  get trustedMs(): number {
    return this.#trustedMs;
  }

  set trustedMs(timeMs: number) {
    this.#trustedMs = timeMs;
  }

  /** What to store with the next commit, if it is time. */
  dueMark(): ClockMark | undefined {
    const timeLimitMs = this.#timeLimit.dueMs();
    return timeLimitMs === undefined ? undefined : this.#mark(timeLimitMs);
  }

  /** The time of a commit that stores this mark. */
  commitMs(mark: ClockMark | undefined): number {
    // Why the smaller one: the clock may have gone on since the mark was made.
    return mark ? Math.min(this.#steadyClock.wantedMs(), mark.timeLimitMs) : this.#steadyClock.nowMs();
  }

  /** The commit of that time stored the mark. */
  take(mark: ClockMark, commitMs: number): void {
    this.#timeLimit.move(mark.timeLimitMs);
    this.#steadyClock.startAt(commitMs); // The wall clock may be set back before it is asked again.
  }

  /** Stores what is due, or the same again. */
  write(): void {
    this.#write(this.dueMark() ?? this.#mark(this.#timeLimit.ms));
  }

  /** Stores the time itself instead of a limit ahead of it: none is told any more. */
  writeLast(): void {
    this.#write(this.#mark(this.#timeLimit.finalMs()));
  }

  #write(mark: ClockMark): void {
    this.#writer.markClock(mark);
    this.#timeLimit.move(mark.timeLimitMs);
  }

  #mark(timeLimitMs: number): ClockMark {
    return { timeLimitMs, trustedMs: this.#trustedMs };
  }
}

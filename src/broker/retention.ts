// Retention: which events have to go, in steps small enough that nobody waits for them.
import type { Clock } from '../core/clock.ts';
import type { EventLog, RetentionBounds } from '../eventlog/event-log.ts';

/** What may stay in the log; `undefined` is no bound. [P22] */
export interface RetentionPolicy {
  readonly maxAgeMs: number | undefined;
  readonly maxEvents: number | undefined;
  readonly maxBytes: number | undefined;
}

/** Events removed in one transaction; some milliseconds' work. */
const STEP_EVENTS = 500;

/** Wall and monotonic clock may drift apart by this much before age stops to count, in milliseconds. [P22] */
const CLOCK_TOLERANCE_MS = 60_000;

/** Decides and removes; one step at a time. */
export class Retention {
  readonly #eventLog: EventLog;
  readonly #policy: RetentionPolicy;
  readonly #clock: Clock;
  readonly #clockDifferenceMs: number;

  constructor(eventLog: EventLog, policy: RetentionPolicy, clock: Clock) {
    this.#eventLog = eventLog;
    this.#policy = policy;
    this.#clock = clock;
    this.#clockDifferenceMs = clock.nowMs() - clock.monotonicMs();
  }

  /** Removes one step. @returns whether more has to go @throws GitPubSubError `log-unavailable` */
  async step(): Promise<boolean> {
    const removed = await this.#eventLog.prune(this.#bounds(), STEP_EVENTS);
    return removed === STEP_EVENTS;
  }

  #bounds(): RetentionBounds {
    const { maxAgeMs, maxEvents, maxBytes } = this.#policy;
    const countsAge = maxAgeMs !== undefined && this.#isWallClockSane();
    return { beforeMs: countsAge ? this.#clock.nowMs() - maxAgeMs : undefined, maxEvents, maxBytes };
  }

  // Why: a clock that jumps a year ahead would otherwise empty the log.
  #isWallClockSane(): boolean {
    const differenceMs = this.#clock.nowMs() - this.#clock.monotonicMs();
    return Math.abs(differenceMs - this.#clockDifferenceMs) <= CLOCK_TOLERANCE_MS;
  }
}

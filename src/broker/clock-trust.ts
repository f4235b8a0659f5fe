// Whether the wall clock may say how old an event is, and what the operator has to know of it. [P22]
import type { Clock, SteadyClock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import type { EventLog } from '../eventlog/event-log.ts';

/** The clocks of a broker. */
export interface Clocks {
  readonly clock: Clock;
  readonly steadyClock: SteadyClock;
}

/** Wall and monotonic clock may drift apart by this much before age stops to count, in milliseconds. [P22] */
const TOLERANCE_MS = 60_000;

/** After a longer absence, by the wall clock, it is doubted for a while, in milliseconds. */
const MAX_ABSENCE_MS = 24 * 3_600_000;

/** For how long: time for whoever sets clocks right, in milliseconds. */
const DOUBT_MS = 6 * 3_600_000;

/** Compares the wall clock with the monotonic clock and with what the log remembers of it. */
export class ClockTrust {
  readonly #eventLog: EventLog;
  readonly #clock: Clock;
  readonly #steadyClock: SteadyClock;
  readonly #logger: Logger;
  readonly #startMonotonicMs: number;
  readonly #startDifferenceMs: number;
  readonly #absenceMs: number;
  readonly #maxAbsenceMs: number;
  #isTrusted = true;
  #isAhead = false;

  /** `maxAgeMs`: of events; doubts make no sense on a larger scale. */
  constructor(
    eventLog: EventLog,
    { clock, steadyClock }: Clocks,
    logger: Logger,
    maxAgeMs: number = Infinity,
  ) {
    this.#eventLog = eventLog;
    this.#clock = clock;
    this.#steadyClock = steadyClock;
    this.#logger = logger;
    this.#startMonotonicMs = clock.monotonicMs();
    this.#startDifferenceMs = this.#differenceMs();
    this.#absenceMs = eventLog.trustedMs === 0 ? 0 : clock.nowMs() - eventLog.trustedMs;
    this.#maxAbsenceMs = Math.min(MAX_ABSENCE_MS, maxAgeMs);
    if (eventLog.trustedMs === 0) eventLog.trustClock(clock.nowMs());
  }

  /** Whether age counts now. */
  get isTrusted(): boolean {
    return this.#isTrusted;
  }

  /** Looks at the clocks, and says what changed. */
  check(): void {
    this.#checkTrust();
    this.#checkAhead();
    if (this.#isTrusted) this.#eventLog.trustClock(this.#clock.nowMs());
  }

  // Why: a clock that jumps a year ahead, before a start or while the broker runs, would otherwise empty the log.
  #checkTrust(): void {
    const jumpMs = this.#differenceMs() - this.#startDifferenceMs;
    const runMs = this.#clock.monotonicMs() - this.#startMonotonicMs;
    const hasJumped = Math.abs(jumpMs) > TOLERANCE_MS;
    const isDoubted = this.#absenceMs > this.#maxAbsenceMs && runMs < DOUBT_MS;
    const wasTrusted = this.#isTrusted;
    this.#isTrusted = !hasJumped && !isDoubted;
    if (this.#isTrusted === wasTrusted) return;
    if (this.#isTrusted) this.#logger.info({}, 'age removes events again');
    else if (hasJumped)
      this.#logger.warn({ jumpSeconds: toSeconds(jumpMs) }, 'clock jumped, age removes no events');
    else
      this.#logger.warn(
        { absenceSeconds: toSeconds(this.#absenceMs) },
        'clock far ahead of the last run, age removes no events yet',
      );
  }

  #checkAhead(): void {
    const aheadMs = this.#steadyClock.nowMs() - this.#clock.nowMs();
    const wasAhead = this.#isAhead;
    this.#isAhead = aheadMs > TOLERANCE_MS;
    if (this.#isAhead === wasAhead) return;
    if (this.#isAhead)
      this.#logger.warn({ aheadSeconds: toSeconds(aheadMs) }, 'clock was set back, events get later times');
    else this.#logger.info({}, 'events get the times of the clock again');
  }

  #differenceMs(): number {
    return this.#clock.nowMs() - this.#clock.monotonicMs();
  }
}

function toSeconds(ms: number): number {
  return Math.round(ms / 1000);
}

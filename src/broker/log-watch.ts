// Watches whether the log takes events: says once when it stops, tries it again, and says once when it works.
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import type { EventLog } from '../eventlog/event-log.ts';

/**
 * How long a log has to do without a failure until it counts as working again, in milliseconds: on a full disk a small
 * write may succeed between two larger ones that don't.
 */
const RECOVERY_MS = 3_000;

/** Looks at a log now and then. */
export class LogWatch {
  readonly #eventLog: EventLog;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #failure: { readonly reason: string; readonly seenMs: number } | undefined;

  constructor(eventLog: EventLog, clock: Clock, logger: Logger) {
    this.#eventLog = eventLog;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Why the log is not to be relied on; `undefined` when it is. */
  get failure(): string | undefined {
    return this.#eventLog.failure ?? this.#failure?.reason;
  }

  /** Lets the log look after itself, and tries one that failed. */
  check(): void {
    this.#eventLog.maintain();
    const reason = this.#eventLog.failure;
    const nowMs = this.#clock.monotonicMs();
    if (reason !== undefined) {
      if (!this.#failure) this.#logger.error({ reason }, 'event log failing');
      this.#failure = { reason, seenMs: nowMs };
      this.#eventLog.probe();
    } else if (this.#failure && nowMs - this.#failure.seenMs >= RECOVERY_MS) {
      this.#logger.info({}, 'event log working again');
      this.#failure = undefined;
    }
  }
}

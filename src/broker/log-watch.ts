// Watches whether the log takes events: says once when it stops, tries it again, and says once when it works.
import type { Logger } from '../core/logger.ts';
import type { EventLog } from '../eventlog/event-log.ts';

/** One look at a time. */
export class LogWatch {
  readonly #eventLog: EventLog;
  readonly #logger: Logger;
  #isFailing = false;

  constructor(eventLog: EventLog, logger: Logger) {
    this.#eventLog = eventLog;
    this.#logger = logger;
  }

  /** Looks, and tries a log that failed. */
  check(): void {
    const before = this.#eventLog.failure;
    if (before !== undefined) this.#eventLog.probe();
    const reason = this.#eventLog.failure;
    if (!this.#isFailing && before !== undefined) this.#logger.error({ reason: before }, 'event log failing');
    if (reason === undefined && (this.#isFailing || before !== undefined)) {
      this.#logger.info({}, 'event log working again');
    }
    this.#isFailing = reason !== undefined;
  }
}

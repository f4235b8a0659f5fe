// Retention: which events have to go, in steps small enough that nobody waits for them.
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import type { EventLog, RetentionBounds } from '../eventlog/event-log.ts';
import { ClockTrust, type Clocks } from './clock-trust.ts';

/** What may stay in the log; `undefined` is no bound. [P22] */
export interface RetentionPolicy {
  readonly maxAgeMs: number | undefined;
  readonly maxEvents: number | undefined;
  readonly maxBytes: number | undefined;
}

/** Events removed in one transaction; some milliseconds' work. */
const STEP_EVENTS = 500;

/** How often it is looked at, in milliseconds. */
const INTERVAL_MS = 1_000;

/** How long it waits after a failure, in milliseconds, so that the log file tells of it now and then. */
const FAILURE_INTERVAL_MS = 60_000;

/** How long it rests between two steps while more has to go, in milliseconds; publishes come first. */
const REST_MS = 20;

/** Decides and removes, one step at a time. */
export class Retention {
  readonly #eventLog: EventLog;
  #policy: RetentionPolicy;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #clockTrust: ClockTrust;
  #nextMs = 0;
  #isPruning = false;
  #isStopped = false;

  constructor(eventLog: EventLog, policy: RetentionPolicy, clocks: Clocks, logger: Logger) {
    this.#eventLog = eventLog;
    this.#policy = policy;
    this.#clock = clocks.clock;
    this.#logger = logger;
    this.#clockTrust = new ClockTrust(eventLog, clocks, logger, policy.maxAgeMs);
  }

  /** Goes by other bounds, and looks at once. */
  configure(policy: RetentionPolicy): void {
    this.#policy = policy;
    this.#nextMs = 0;
  }

  /** Begins to remove what is out of bounds, when it is time to look again. */
  tick(monotonicMs: number): void {
    if (monotonicMs < this.#nextMs || this.#isPruning || this.#isStopped) return;
    if (this.#eventLog.failure) return;
    this.#nextMs = monotonicMs + INTERVAL_MS;
    this.#isPruning = true;
    void this.#prune();
  }

  /** Begins no further step. */
  stop(): void {
    this.#isStopped = true;
  }

  async #prune(): Promise<void> {
    try {
      while (!this.#isStopped && (await this.#step())) await rest();
    } catch (error) {
      this.#logger.warn({ err: error }, 'retention failed');
      this.#nextMs = this.#clock.monotonicMs() + FAILURE_INTERVAL_MS;
    } finally {
      this.#isPruning = false;
    }
  }

  // Whether more has to go.
  async #step(): Promise<boolean> {
    this.#clockTrust.check(); // Before each: the clock may jump between two.
    const removed = await this.#eventLog.prune(this.#bounds(), STEP_EVENTS);
    return removed === STEP_EVENTS;
  }

  #bounds(): RetentionBounds {
    const { maxAgeMs, maxEvents, maxBytes } = this.#policy;
    const countsAge = maxAgeMs !== undefined && this.#clockTrust.isTrusted;
    return { beforeMs: countsAge ? this.#clock.nowMs() - maxAgeMs : undefined, maxEvents, maxBytes };
  }
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, REST_MS));
}

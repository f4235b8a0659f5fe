// Where a stream starts: from what its client asked for to an offset of the log.
import type { SteadyClock } from '../core/clock.ts';
import type { Cursor } from '../core/cursor.ts';
import { GitPubSubError } from '../core/errors.ts';
import { selectPrefixes, type Selection } from '../core/selection.ts';
import { ROOT_TOPIC } from '../core/topic.ts';
import type { EventLog } from '../eventlog/event-log.ts';
import { findNewest } from './look-back.ts';
import type { ReplayQueue } from './replay-queue.ts';
import type { GapReason } from './statistics.ts';
import type { Watermark } from './watermark.ts';

/** Where a resuming client starts. */
export interface ResumePoint extends Watermark {
  /** Why that is not where it asked to. [P21] */
  readonly gap?: GapReason;
}

const EVERYTHING: Selection = selectPrefixes([ROOT_TOPIC]);

/** The points of one log. */
export class StartPoints {
  readonly #eventLog: EventLog;
  readonly #steadyClock: SteadyClock;
  readonly #replayQueue: ReplayQueue;

  constructor(eventLog: EventLog, steadyClock: SteadyClock, replayQueue: ReplayQueue) {
    this.#eventLog = eventLog;
    this.#steadyClock = steadyClock;
    this.#replayQueue = replayQueue;
  }

  /** After everything that is in the log by now. */
  live(): ResumePoint {
    return { offset: this.#eventLog.lastOffset, timeMs: this.#steadyClock.nowMs() };
  }

  /**
   * At a moment, in UTC milliseconds. [P19]
   * @throws GitPubSubError `log-unavailable`
   */
  async atTime(timeMs: number): Promise<ResumePoint> {
    const { offset, isPruned } = await this.#eventLog.findTime(timeMs);
    return this.#after(offset, isPruned ? 'expired' : undefined);
  }

  /**
   * After a cursor, or, when the log doesn't hold what comes after it, at the oldest event held. [P20, P21]
   * @throws GitPubSubError `log-unavailable`
   */
  async atCursor(cursor: Cursor): Promise<ResumePoint> {
    const gap = this.#gapAt(cursor);
    return this.#after(gap ? this.#eventLog.firstOffset - 1 : cursor.offset, gap);
  }

  /**
   * Before the newest selected events up to an offset, at most `maxEvents` of them; fewer if they are rare. What was pruned
   * meanwhile is no gap: nobody asked for it.
   * @throws GitPubSubError `log-unavailable`
   */
  async atNewest(
    selection: Selection,
    maxEvents: number,
    upTo: number = this.#eventLog.lastOffset,
  ): Promise<Watermark> {
    const after = await findNewest(this.#eventLog, this.#replayQueue, { selection, upTo, maxEvents });
    const { offset, timeMs } = await this.#after(after);
    return { offset, timeMs };
  }

  /** Whether an event at or before an offset is held. */
  holdsUpTo(offset: number): boolean {
    return offset >= this.#eventLog.firstOffset;
  }

  async #after(offset: number, gap?: GapReason): Promise<ResumePoint> {
    try {
      const page = await this.#eventLog.read({
        selection: EVERYTHING,
        after: offset,
        maxEvents: 0,
        maxBytes: 0,
      });
      return { offset, timeMs: page.nextTimeMs, ...(gap && { gap }) };
    } catch (error) {
      if (!(error instanceof GitPubSubError && error.code === 'offset-pruned')) throw error;
      return this.#after(this.#eventLog.firstOffset - 1, gap ?? 'expired'); // Pruning was faster than the read.
    }
  }

  #gapAt(cursor: Cursor): GapReason | undefined {
    const { id, firstOffset, lastOffset } = this.#eventLog;
    if (cursor.logId !== id || cursor.offset > lastOffset) return 'unknown';
    if (cursor.offset < firstOffset - 1) return 'expired';
    return this.#eventLog.checkAt(cursor.offset) === cursor.check ? undefined : 'unknown';
  }
}

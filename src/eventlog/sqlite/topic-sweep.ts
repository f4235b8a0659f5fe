// Taking out of the index by topic what was pruned: later, in rounds, topic by topic. To take each entry out with its event
// would write a page of the index for nearly every event; one topic's entries lie side by side.
import type { Database, Statement } from 'better-sqlite3';

/** A round begins once so many events were pruned since the last one began, or as many as are held, if those are more. */
const MIN_ROUND_EVENTS = 10_000;

/** Topics visited and entries removed in a step, for each event that the step prunes; more than 2, so that a round comes to its end. */
const WORK_PER_EVENT = 4;

/** The rounds of one log. */
export class TopicSweep {
  readonly #topicAfter: Statement<[number], number>;
  readonly #entryAt: Statement<[number, number], number>;
  readonly #removeEntries: Statement<[number, number]>;
  readonly #removeUnused: Statement<[number, number]>;
  #isUnderWay = false;
  /** How far was pruned when the last round began; 0 at start, since nobody knows how far the last run came. */
  #roundOffset = 0;
  /** The last topic that the round is through with. */
  #topicId = 0;

  constructor(database: Database) {
    this.#topicAfter = database.prepare('SELECT id FROM topic WHERE id > ? ORDER BY id LIMIT 1');
    this.#topicAfter.pluck();
    this.#entryAt = database.prepare(
      'SELECT "offset" FROM topic_event WHERE topic_id = ? ORDER BY "offset" LIMIT 1 OFFSET ?',
    );
    this.#entryAt.pluck();
    this.#removeEntries = database.prepare('DELETE FROM topic_event WHERE topic_id = ? AND "offset" <= ?');
    this.#removeUnused = database.prepare(
      'DELETE FROM topic WHERE id = ? AND NOT EXISTS (SELECT 1 FROM topic_event WHERE topic_id = ?)',
    );
  }

  /**
   * Does a part of a round, if one is due, beside the removal of `removedCount` events up to `prunedOffset`; in the same
   * transaction. @returns whether topics were removed
   */
  step(prunedOffset: number, removedCount: number, heldCount: number): boolean {
    if (!this.#isUnderWay && !this.#begin(prunedOffset, heldCount)) return false;
    let isAnyUnused = false;
    let budget = WORK_PER_EVENT * removedCount;
    while (budget > 0) {
      const id = this.#topicAfter.get(this.#topicId);
      this.#isUnderWay = id !== undefined;
      if (id === undefined) break;
      const lastOffset = this.#entryAt.get(id, budget - 1);
      if (lastOffset !== undefined && lastOffset < prunedOffset) {
        this.#removeEntries.run(id, lastOffset);
        break; // A topic may have any number of them: the next step goes on with it.
      }
      budget -= 1 + this.#removeEntries.run(id, prunedOffset).changes;
      this.#topicId = id;
      if (this.#removeUnused.run(id, id).changes > 0) isAnyUnused = true;
    }
    return isAnyUnused;
  }

  #begin(prunedOffset: number, heldCount: number): boolean {
    if (prunedOffset - this.#roundOffset < Math.max(MIN_ROUND_EVENTS, heldCount)) return false;
    this.#isUnderWay = true;
    this.#roundOffset = prunedOffset;
    this.#topicId = 0;
    return true;
  }
}

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
  readonly #removeEntries: Statement<[number, number]>;
  readonly #removeUnused: Statement<[number, number]>;
  #isUnderWay = false;
  /** How far was pruned when the last round began; 0 at start, since nobody knows how far the last run came. */
  #roundOffset = 0;
  /** Where the round is. */
  #topicId = 0;

  constructor(database: Database) {
    this.#topicAfter = database.prepare('SELECT id FROM topic WHERE id > ? ORDER BY id LIMIT 1');
    this.#topicAfter.pluck();
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
    for (let work = 0; work < WORK_PER_EVENT * removedCount; work++) {
      const id = this.#topicAfter.get(this.#topicId);
      this.#isUnderWay = id !== undefined;
      if (id === undefined) break;
      this.#topicId = id;
      work += this.#removeEntries.run(id, prunedOffset).changes;
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

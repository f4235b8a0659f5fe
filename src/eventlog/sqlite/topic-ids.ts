// The topics of a selection, as the event table names them.
import type { Database, Statement } from 'better-sqlite3';
import type { Selection } from '../../core/selection.ts';
import { ROOT_TOPIC, type Topic } from '../../core/topic.ts';

/** Up to so many topics are looked up in the index by topic; a selection of more is cheaper to find by reading every event. */
const MAX_INDEXED_TOPICS = 256;

interface TopicRow {
  readonly id: number;
  readonly path: Topic;
}

/** Finds the topics that a log has events of. */
export class TopicIds {
  readonly #topicsBelow: Statement<[Topic, string, string, number], TopicRow>;

  constructor(database: Database) {
    this.#topicsBelow = database.prepare(
      `SELECT id, path FROM topic WHERE path = ? UNION ALL SELECT id, path FROM topic WHERE path > ? AND path < ? LIMIT ?`,
    );
  }

  /** Those of a selection, unless they are too many to look up one by one. */
  of(selection: Selection): readonly number[] | 'many' {
    if (selection.prefixes[0] === ROOT_TOPIC) return 'many';
    const topics: TopicRow[] = [];
    for (const prefix of selection.prefixes) {
      // '0' is the character after '/': between the two lies all that starts with the prefix and a slash.
      topics.push(...this.#topicsBelow.all(prefix, `${prefix}/`, `${prefix}0`, MAX_INDEXED_TOPICS + 1));
      if (topics.length > MAX_INDEXED_TOPICS) return 'many';
    }
    return topics.filter(({ path }) => !selection.hidden?.hides(path)).map(({ id }) => id);
  }
}

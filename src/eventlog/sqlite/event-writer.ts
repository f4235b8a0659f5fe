// Writing the event table: one batch or one pruning step, each a transaction of its own.
import type { Database, Statement } from 'better-sqlite3';
import { payloadBytes, type Event, type NewEvent } from '../../core/event.ts';
import type { Topic } from '../../core/topic.ts';

/** A run of a broker that stored events. */
export interface Epoch {
  readonly firstOffset: number;
  readonly nonce: string;
}

/** What a batch needs to know of the log it goes to. */
export interface BatchContext {
  readonly lastOffset: number;
  readonly bytesThrough: number;
  readonly timeMs: number;
  /** Stored with the batch when it is the first of this run. */
  readonly newEpoch: Epoch | undefined;
}

/** The newest event that was pruned, as the log row keeps it. */
export interface PrunedMark {
  readonly offset: number;
  readonly timeMs: number;
  readonly bytesThrough: number;
}

/** Topics whose row id is kept in memory; all are forgotten when there are more. */
const MAX_CACHED_TOPICS = 20_000;

/** Writes batches; every method is synchronous, throws what SQLite throws, and then nothing was stored. */
export class EventWriter {
  readonly #database: Database;
  readonly #topicIds = new Map<Topic, number>();
  readonly #begin: Statement<[]>;
  readonly #commit: Statement<[]>;
  readonly #rollback: Statement<[]>;
  readonly #insertEpoch: Statement<[number, string]>;
  readonly #selectTopic: Statement<[Topic], number>;
  readonly #insertTopic: Statement<[Topic]>;
  readonly #insertEvent: Statement<[number, number, number, number, string]>;
  readonly #touchLog: Statement<[]>;

  constructor(database: Database) {
    this.#database = database;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#rollback = database.prepare('ROLLBACK');
    this.#insertEpoch = database.prepare('INSERT INTO epoch VALUES (?, ?)');
    this.#selectTopic = database.prepare('SELECT id FROM topic WHERE path = ?');
    this.#selectTopic.pluck();
    this.#insertTopic = database.prepare('INSERT INTO topic (path) VALUES (?)');
    this.#insertEvent = database.prepare('INSERT INTO event VALUES (?, ?, ?, ?, ?)');
    this.#touchLog = database.prepare('UPDATE log SET pruned_offset = pruned_offset');
  }

  /** Stores the events after `context.lastOffset`, all with the same time. */
  insert(events: readonly NewEvent[], context: BatchContext): { stored: Event[]; bytesThrough: number } {
    return this.#transact(() => {
      if (context.newEpoch) this.#insertEpoch.run(context.newEpoch.firstOffset, context.newEpoch.nonce);
      let { lastOffset: offset, bytesThrough } = context;
      const stored = events.map(({ topic, payload }): Event => {
        offset += 1;
        bytesThrough += payloadBytes({ topic, payload });
        this.#insertEvent.run(offset, this.#topicId(topic), context.timeMs, bytesThrough, payload);
        return { offset, topic, timeMs: context.timeMs, payload };
      });
      return { stored, bytesThrough };
    });
  }

  /** Commits a change that changes nothing, to see whether the disk takes it. */
  touch(): void {
    this.#transact(() => this.#touchLog.run());
  }

  /** Removes every event up to the mark and remembers the mark; topics without events go too. */
  removeThrough(mark: PrunedMark, keptEpochFirstOffset: number): void {
    const database = this.#database;
    this.#transact(() => {
      const topicIds = database
        .prepare('SELECT DISTINCT topic_id FROM event WHERE "offset" <= ?')
        .pluck()
        .all(mark.offset);
      database.prepare('DELETE FROM event WHERE "offset" <= ?').run(mark.offset);
      const removeTopic = database.prepare(
        'DELETE FROM topic WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM event WHERE topic_id = ?1)',
      );
      for (const topicId of topicIds) removeTopic.run(topicId);
      database.prepare('DELETE FROM epoch WHERE first_offset < ?').run(keptEpochFirstOffset);
      database
        .prepare('UPDATE log SET pruned_offset = ?, pruned_time_ms = ?, pruned_bytes = ?')
        .run(mark.offset, mark.timeMs, mark.bytesThrough);
    });
    this.#topicIds.clear();
  }

  #topicId(topic: Topic): number {
    let id = this.#topicIds.get(topic) ?? this.#selectTopic.get(topic);
    id ??= Number(this.#insertTopic.run(topic).lastInsertRowid);
    if (this.#topicIds.size >= MAX_CACHED_TOPICS) this.#topicIds.clear();
    this.#topicIds.set(topic, id);
    return id;
  }

  #transact<T>(work: () => T): T {
    this.#begin.run();
    try {
      const result = work();
      this.#commit.run();
      return result;
    } catch (error) {
      this.#topicIds.clear(); // It may hold topics that the roll-back takes away.
      // Why the check: some errors, such as a full disk, have rolled the transaction back already.
      if (this.#database.inTransaction) this.#rollback.run();
      throw error;
    }
  }
}

// Writing the event table: one batch or one pruning step, each a transaction of its own.
import type { Database, Statement } from 'better-sqlite3';
import { GitPubSubError } from '../../core/errors.ts';
import { payloadBytes, type Append, type Event, type Idempotency } from '../../core/event.ts';
import type { Topic } from '../../core/topic.ts';
import type { Appended } from '../event-log.ts';
import { PublisherIds } from './publisher-ids.ts';
import { TopicSweep } from './topic-sweep.ts';

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
  /** Stored with the batch when it is due. */
  readonly clockMark: ClockMark | undefined;
}

/** What the log row remembers of the clock. */
export interface ClockMark {
  /** No client was told a later time; UTC milliseconds. */
  readonly timeLimitMs: number;
  /** When the wall clock was last believed; UTC milliseconds, 0 for never. */
  readonly trustedMs: number;
}

/** What a batch became. */
export interface WrittenBatch {
  readonly stored: readonly Event[];
  /** In the order of the appends; an error for one whose key was used for something else. */
  readonly results: readonly (Appended | GitPubSubError)[];
  readonly bytesThrough: number;
}

interface KeyRow {
  fingerprint: string;
  last_offset: number;
  time_ms: number;
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
  readonly #publisherIds: PublisherIds;
  readonly #begin: Statement<[]>;
  readonly #commit: Statement<[]>;
  readonly #rollback: Statement<[]>;
  readonly #insertEpoch: Statement<[number, string]>;
  readonly #selectTopic: Statement<[Topic], number>;
  readonly #insertTopic: Statement<[Topic]>;
  readonly #insertTopicEvent: Statement<[number, number]>;
  readonly #insertEvent: Statement<[number, number, number, number, string, number]>;
  readonly #markClock: Statement<[number, number]>;
  readonly #selectKey: Statement<[string, string], KeyRow>;
  readonly #insertKey: Statement<[string, string, string, number, number]>;
  readonly #removal: ReturnType<typeof prepareRemoval>;
  readonly #topicSweep: TopicSweep;

  constructor(database: Database) {
    this.#database = database;
    this.#publisherIds = new PublisherIds(database);
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#rollback = database.prepare('ROLLBACK');
    this.#insertEpoch = database.prepare('INSERT INTO epoch VALUES (?, ?)');
    this.#selectTopic = database.prepare('SELECT id FROM topic WHERE path = ?');
    this.#selectTopic.pluck();
    this.#insertTopic = database.prepare('INSERT INTO topic (path) VALUES (?)');
    this.#insertTopicEvent = database.prepare('INSERT INTO topic_event VALUES (?, ?)');
    this.#insertEvent = database.prepare('INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)');
    this.#selectKey = database.prepare(
      'SELECT fingerprint, last_offset, time_ms FROM idempotency_key WHERE principal = ? AND key = ?',
    );
    this.#insertKey = database.prepare('INSERT INTO idempotency_key VALUES (?, ?, ?, ?, ?)');
    this.#removal = prepareRemoval(database);
    this.#topicSweep = new TopicSweep(database);
    this.#markClock = database.prepare('UPDATE log SET time_limit_ms = ?, trusted_ms = ?');
  }

  /** Stores the events of all appends after `context.lastOffset`, all with the same time. */
  insert(appends: readonly Append[], context: BatchContext): WrittenBatch {
    return this.#transact(() => {
      const { newEpoch, timeMs, clockMark } = context;
      if (clockMark) this.#markClock.run(clockMark.timeLimitMs, clockMark.trustedMs);
      const stored: Event[] = [];
      let bytesThrough = context.bytesThrough;
      const results = appends.map(({ events, publisher, idempotency }): Appended | GitPubSubError => {
        const earlier = idempotency && this.#findEarlier(idempotency);
        if (earlier) return earlier;
        // Why here: a batch of repeats alone stores nothing and begins no run.
        if (stored.length === 0 && newEpoch) this.#insertEpoch.run(newEpoch.firstOffset, newEpoch.nonce);
        for (const { topic, payload } of events) {
          const event = { offset: context.lastOffset + stored.length + 1, topic, timeMs, payload };
          bytesThrough += payloadBytes(event);
          this.#insertOne(event, bytesThrough, publisher);
          stored.push(event);
        }
        const lastOffset = context.lastOffset + stored.length;
        if (idempotency) this.#rememberKey(idempotency, lastOffset, timeMs);
        return { lastOffset, timeMs, isReplayed: false };
      });
      return { stored, results, bytesThrough };
    });
  }

  /** Stores what is to be remembered of the clock. */
  markClock({ timeLimitMs, trustedMs }: ClockMark): void {
    this.#transact(() => this.#markClock.run(timeLimitMs, trustedMs));
  }

  /** Removes every event up to the mark, remembers the mark, and tidies a part of the index; `heldCount`: events that stay. */
  removeThrough(mark: PrunedMark, keptEpochFirstOffset: number, heldCount: number): void {
    const remove = this.#removal;
    const isAnyTopicGone = this.#transact(() => {
      const removedCount = remove.events.run(mark.offset).changes;
      this.#publisherIds.removeThrough(mark.offset, heldCount);
      remove.keys.run(mark.offset);
      remove.epochs.run(keptEpochFirstOffset);
      remove.markLog.run(mark.offset, mark.timeMs, mark.bytesThrough);
      return this.#topicSweep.step(mark.offset, removedCount, heldCount);
    });
    if (isAnyTopicGone) this.#topicIds.clear();
  }

  #insertOne({ offset, topic, timeMs, payload }: Event, bytesThrough: number, publisher: string): void {
    const topicId = this.#topicId(topic);
    const publisherId = this.#publisherIds.idAt(offset, publisher);
    this.#insertEvent.run(offset, topicId, timeMs, bytesThrough, payload, publisherId);
    this.#insertTopicEvent.run(topicId, offset);
  }

  // What became of an earlier append with the same key, in this transaction or before. [P9]
  #findEarlier({ principal, key, fingerprint }: Idempotency): Appended | GitPubSubError | undefined {
    const row = this.#selectKey.get(principal, key);
    if (!row) return undefined;
    if (row.fingerprint === fingerprint)
      return { lastOffset: row.last_offset, timeMs: row.time_ms, isReplayed: true };
    return new GitPubSubError(
      'idempotency-conflict',
      `The idempotency key "${key}" was used before for another topic or other events; use a new key for each request.`,
    );
  }

  #rememberKey({ principal, key, fingerprint }: Idempotency, lastOffset: number, timeMs: number): void {
    this.#insertKey.run(principal, key, fingerprint, lastOffset, timeMs);
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
      // They may hold what the roll-back takes away.
      this.#topicIds.clear();
      this.#publisherIds.forget();
      // Why the check: some errors, such as a full disk, have rolled the transaction back already.
      if (this.#database.inTransaction) this.#rollback.run();
      throw error;
    }
  }
}

function prepareRemoval(database: Database) {
  return {
    events: database.prepare<[number]>('DELETE FROM event WHERE "offset" <= ?'),
    keys: database.prepare<[number]>('DELETE FROM idempotency_key WHERE last_offset <= ?'),
    epochs: database.prepare<[number]>('DELETE FROM epoch WHERE first_offset < ?'),
    markLog: database.prepare<[number, number, number]>(
      'UPDATE log SET pruned_offset = ?, pruned_time_ms = ?, pruned_bytes = ?',
    ),
  };
}

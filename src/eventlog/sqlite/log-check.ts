// A look at every page and every row of a database, which only reads: what `gitpubsub log check` finds.
import { statSync } from 'node:fs';
import BetterSqlite3, { type Database } from 'better-sqlite3';
import { parseTopic } from '../../core/topic.ts';
import { EventCheck, NO_EVENTS, type EventSummary } from './event-check.ts';
import { readLogState, type LogState } from './log-state.ts';
import { reasonOf } from './open-database.ts';
import { checkOwnership, SCHEMA_VERSION } from './schema.ts';

/** What a database holds and what is wrong with it. */
export interface LogReport {
  readonly fileBytes: number;
  /** `undefined` when not even the row that names the log can be read. */
  readonly state: LogState | undefined;
  readonly schemaVersion: number;
  /** Held now. */
  readonly events: EventSummary;
  readonly keyCount: number;
  /** What is wrong, a sentence each; none when all is well. */
  readonly findings: readonly string[];
}

/** More findings than this say nothing new. */
const MAX_FINDINGS = 50;

/** Checks a database, also one that a broker has open. Never throws for what is wrong with the database itself. */
export function checkLog(path: string): LogReport {
  return new LogCheck(path).run();
}

class LogCheck {
  readonly #path: string;
  readonly #findings: string[] = [];
  #state: LogState | undefined;
  #schemaVersion = 0;
  #events = NO_EVENTS;
  #keyCount = 0;

  constructor(path: string) {
    this.#path = path;
  }

  run(): LogReport {
    this.#attempt('the database', () => {
      const database = new BetterSqlite3(this.#path, { readonly: true, fileMustExist: true });
      try {
        database.exec('BEGIN'); // All checks see the same state, whatever a broker does meanwhile.
        this.#checkAll(database);
      } finally {
        database.close();
      }
    });
    return {
      fileBytes: statSync(this.#path).size,
      state: this.#state,
      schemaVersion: this.#schemaVersion,
      events: this.#events,
      keyCount: this.#keyCount,
      findings: this.#findings,
    };
  }

  #checkAll(database: Database): void {
    checkOwnership(database);
    this.#schemaVersion = database.pragma('user_version', { simple: true }) as number;
    if (this.#schemaVersion < SCHEMA_VERSION)
      return this.#find(
        `its schema has version ${this.#schemaVersion}: start the broker on it once, which brings it to ${SCHEMA_VERSION}, then check it`,
      );
    this.#attempt('its pages', () => this.#checkPages(database));
    this.#attempt('the row that names the log', () => (this.#state = readLogState(database)));
    const state = this.#state;
    if (!state) return;
    this.#attempt('its events', () => {
      this.#events = new EventCheck((finding) => this.#find(finding)).run(database, state);
    });
    this.#attempt('its topics', () => this.#checkTopics(database));
    this.#attempt('its index by topic', () => this.#checkIndex(database, state));
    this.#attempt('its publishers', () => this.#checkPublishers(database, state));
    this.#attempt('its idempotency keys', () => this.#checkKeys(database, state));
    this.#attempt('its runs', () => this.#checkRuns(state));
  }

  // What can't be read is a finding as well.
  #attempt(what: string, check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#find(`${what} cannot be read: ${reasonOf(error)}`);
    }
  }

  #find(finding: string): void {
    if (this.#findings.length < MAX_FINDINGS) this.#findings.push(finding);
    else if (this.#findings.length === MAX_FINDINGS) this.#findings.push('and more');
  }

  #checkPages(database: Database): void {
    const rows = database.pragma(`integrity_check(${MAX_FINDINGS})`) as { integrity_check: string }[];
    for (const { integrity_check: text } of rows) if (text !== 'ok') this.#find(`SQLite says: ${text}`);
  }

  #checkTopics(database: Database): void {
    for (const path of database.prepare<[], string>('SELECT path FROM topic').pluck().iterate())
      if (!isTopic(path)) this.#find(`${JSON.stringify(path)} is not a topic`);
  }

  // SQLite knows nothing of what this table has to do with the other.
  #checkIndex(database: Database, { pruned }: LogState): void {
    const missing = database
      .prepare<[], number>(
        `SELECT e."offset" FROM event e LEFT JOIN topic_event i ON i.topic_id = e.topic_id AND i."offset" = e."offset"
         WHERE i."offset" IS NULL`,
      )
      .pluck();
    for (const offset of missing.iterate()) this.#find(`event ${offset} is missing from the index by topic`);
    const surplus = database.prepare<[number], { offset: number }>(
      `SELECT i."offset" FROM topic_event i LEFT JOIN event e ON e."offset" = i."offset"
       WHERE i."offset" > ? AND e.topic_id IS NOT i.topic_id`,
    );
    for (const { offset } of surplus.iterate(pruned.offset))
      this.#find(`the index by topic has event ${offset} under a topic that it does not have`);
  }

  #checkPublishers(database: Database, { pruned }: LogState): void {
    const stale = database
      .prepare<[number], string>('SELECT name FROM publisher WHERE kept_through <= ?')
      .pluck();
    for (const name of stale.iterate(pruned.offset))
      this.#find(`the publisher ${JSON.stringify(name)} should have gone with its last event`);
  }

  #checkKeys(database: Database, { pruned, lastOffset }: LogState): void {
    const rows = database.prepare<
      [],
      { key: string; last_offset: number; event_time: number | null; time_ms: number }
    >(
      `SELECT k.key, k.last_offset, k.time_ms, e.time_ms AS event_time
       FROM idempotency_key k LEFT JOIN event e ON e."offset" = k.last_offset`,
    );
    for (const { key, last_offset: offset, time_ms: timeMs, event_time: eventTimeMs } of rows.iterate()) {
      this.#keyCount += 1;
      const name = `the idempotency key ${JSON.stringify(key)}`;
      if (offset <= pruned.offset) this.#find(`${name} should have gone with event ${offset}`);
      else if (offset > lastOffset) this.#find(`${name} stands for event ${offset}, which was never stored`);
      else if (eventTimeMs !== timeMs) this.#find(`${name} does not have the time of event ${offset}`);
    }
  }

  #checkRuns({ epochs, pruned, lastOffset, clockMark, lastTimeMs }: LogState): void {
    const oldest = Math.max(1, pruned.offset);
    const isKnown = lastOffset === 0 || epochs.some(({ firstOffset }) => firstOffset <= oldest);
    if (!isKnown) this.#find(`no run of a broker is known to have stored event ${oldest}`);
    for (const { firstOffset, nonce } of epochs) {
      if (firstOffset > lastOffset)
        this.#find(`a run began with event ${firstOffset}, which was never stored`);
      if (!/^[0-9a-f]{8}$/.test(nonce))
        this.#find(`the run that began with event ${firstOffset} has no proper name`);
    }
    if (clockMark.timeLimitMs < lastTimeMs)
      this.#find('the newest event is later than any time that was told');
  }
}

function isTopic(path: string): boolean {
  try {
    return parseTopic(path.replaceAll('\uFFFD', '%EF%BF%BD')) === path;
  } catch {
    return false;
  }
}

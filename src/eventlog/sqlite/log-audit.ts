// Who published what, read from a database that a broker may have open: what `gitpubsub log audit` shows.
import BetterSqlite3, { type Database } from 'better-sqlite3';
import { GitPubSubError } from '../../core/errors.ts';
import { covers, type Topic } from '../../core/topic.ts';
import { lastWhere } from './last-where.ts';
import { checkOwnership, readVersion, SCHEMA_VERSION } from './schema.ts';

/** One event and who published it. */
export interface AuditEntry {
  readonly timeMs: number;
  readonly offset: number;
  readonly topic: Topic;
  /** As `principal ci` or `address 192.0.2.1`; `undefined` for an event that an earlier version stored. */
  readonly publisher: string | undefined;
}

/** Which events are wanted. */
export interface AuditRequest {
  /** At or after this moment; UTC milliseconds. */
  readonly sinceMs: number;
  readonly prefix: Topic;
}

interface AuditRow {
  offset: number;
  path: Topic;
  time_ms: number;
  name: string | null;
}

/** So many events are read at once, so that no reader's pace keeps a broker's `-wal` file from being used again. */
const PAGE_EVENTS = 1_000;

/**
 * Reads what the database holds now, in order.
 * @throws what SQLite throws, and GitPubSubError `unusable-database`
 */
export function* readAudit(path: string, { sinceMs, prefix }: AuditRequest): Generator<AuditEntry, void> {
  const database = new BetterSqlite3(path, { readonly: true, fileMustExist: true });
  try {
    checkSchema(database);
    for (const { offset, path: topic, time_ms: timeMs, name } of readRows(database, sinceMs))
      if (covers(prefix, topic)) yield { timeMs, offset, topic, publisher: name ?? undefined };
  } finally {
    database.close();
  }
}

function checkSchema(database: Database): void {
  checkOwnership(database);
  const version = readVersion(database);
  if (version === SCHEMA_VERSION) return;
  throw new GitPubSubError(
    'unusable-database',
    `its schema has version ${version}, and the publishers are in version ${SCHEMA_VERSION}: start the broker on it once`,
  );
}

function* readRows(database: Database, sinceMs: number): Generator<AuditRow, void> {
  const first = database.prepare<[], number>('SELECT "offset" FROM event ORDER BY "offset"').pluck().get();
  const last = database
    .prepare<[], number>('SELECT "offset" FROM event ORDER BY "offset" DESC')
    .pluck()
    .get();
  if (first === undefined || last === undefined) return;
  const page = database.prepare<[number, number, number], AuditRow>(
    `SELECT e."offset", t.path, e.time_ms, p.name
     FROM event e JOIN topic t ON t.id = e.topic_id LEFT JOIN publisher p ON p.id = e.publisher_id
     WHERE e."offset" > ? AND e."offset" <= ? ORDER BY e."offset" LIMIT ?`,
  );
  const timeAt = database.prepare<[number], number>('SELECT time_ms FROM event WHERE "offset" = ?').pluck();
  let after = lastWhere(first - 1, last, (offset) => (timeAt.get(offset) ?? -Infinity) < sinceMs);
  for (;;) {
    const rows = page.all(after, last, PAGE_EVENTS);
    yield* rows;
    after = rows.at(-1)?.offset ?? last;
    if (after >= last) return;
  }
}

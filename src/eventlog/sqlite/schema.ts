// The database's schema: its versions, and how an older one becomes the newest.
import type { Database } from 'better-sqlite3';
import { GitPubSubError } from '../../core/errors.ts';

/** Marks a SQLite file as ours (`PRAGMA application_id`): "GPuS" in ASCII. */
export const APPLICATION_ID = 0x47507553;

// Each step takes the schema from its index to the next version (`PRAGMA user_version`). Steps are only ever added.
const MIGRATIONS: readonly string[] = [
  `
  -- One row: what names the log and what must outlive the events themselves.
  CREATE TABLE log (
    only_row       INTEGER PRIMARY KEY CHECK (only_row = 1),
    id             TEXT    NOT NULL,
    pruned_offset  INTEGER NOT NULL, -- the newest event that was pruned; 0 when none was
    pruned_time_ms INTEGER NOT NULL, -- its time
    pruned_bytes   INTEGER NOT NULL  -- its bytes_through
  ) STRICT;

  -- A run of a broker that stored something: tells a log from an older copy of it that went on differently.
  CREATE TABLE epoch (
    first_offset INTEGER PRIMARY KEY,
    nonce        TEXT NOT NULL
  ) STRICT;

  CREATE TABLE topic (
    id   INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE
  ) STRICT;

  CREATE TABLE event (
    "offset"      INTEGER PRIMARY KEY, -- without holes
    topic_id      INTEGER NOT NULL REFERENCES topic,
    time_ms       INTEGER NOT NULL,    -- UTC, never less than that of a lower offset
    bytes_through INTEGER NOT NULL,    -- payload bytes of all events ever, up to and with this one
    payload       TEXT    NOT NULL
  ) STRICT;

  CREATE INDEX event_by_topic ON event (topic_id, "offset");
  `,
  `
  -- Requests that a publisher may repeat; a row goes with the last event of its request.
  CREATE TABLE idempotency_key (
    principal   TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL, -- names what was stored
    last_offset INTEGER NOT NULL,
    time_ms     INTEGER NOT NULL,
    PRIMARY KEY (principal, key)
  ) STRICT, WITHOUT ROWID;

  CREATE INDEX idempotency_key_by_offset ON idempotency_key (last_offset);
  `,
  `
  -- No client was ever told a later time; no event will get an earlier one after a restart.
  ALTER TABLE log ADD COLUMN time_limit_ms INTEGER NOT NULL DEFAULT 0;
  -- When the wall clock was last believed; 0 for never.
  ALTER TABLE log ADD COLUMN trusted_ms INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- The index by topic, as a table of its own so that pruning can take entries out later than their events: those up to
  -- pruned_offset mean nothing any more.
  CREATE TABLE topic_event (
    topic_id INTEGER NOT NULL REFERENCES topic,
    "offset" INTEGER NOT NULL,
    PRIMARY KEY (topic_id, "offset")
  ) STRICT, WITHOUT ROWID;

  INSERT INTO topic_event SELECT topic_id, "offset" FROM event INDEXED BY event_by_topic ORDER BY topic_id, "offset";
  DROP INDEX event_by_topic;
  `,
  `
  -- Who publishes. A row goes with its last event or some time later: see kept_through.
  CREATE TABLE publisher (
    id           INTEGER PRIMARY KEY,
    name         TEXT    NOT NULL UNIQUE,
    kept_through INTEGER NOT NULL -- no event after this offset has it
  ) STRICT;

  CREATE INDEX publisher_by_offset ON publisher (kept_through);

  ALTER TABLE event ADD COLUMN publisher_id INTEGER; -- NULL in events of earlier versions
  -- Why no REFERENCES: whoever checks it would look through all events for each row that goes.
  `,
];

/** The schema version this program writes. */
export const SCHEMA_VERSION: number = MIGRATIONS.length;

/**
 * Brings an open database, empty or ours, to the newest schema, in one transaction; see {@link checkOwnership}.
 */
export function migrate(database: Database, createLogId: () => string): void {
  const version = readVersion(database);
  if (version === SCHEMA_VERSION) return;
  const upgrade = database.transaction(() => {
    for (const step of MIGRATIONS.slice(version)) database.exec(step);
    if (version === 0) {
      database.pragma(`application_id = ${APPLICATION_ID}`);
      database.prepare('INSERT INTO log VALUES (1, ?, 0, 0, 0, 0, 0)').run(createLogId());
    }
    database.pragma(`user_version = ${SCHEMA_VERSION}`);
  });
  upgrade.immediate();
}

/**
 * Checks that a database is ours or still empty, without writing to it.
 * @throws GitPubSubError `unusable-database` when it is not, or when it is newer than this program
 */
export function checkOwnership(database: Database): void {
  const applicationId = database.pragma('application_id', { simple: true }) as number;
  const version = readVersion(database);
  if (applicationId !== APPLICATION_ID) {
    const tableCount = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() as number;
    if (applicationId !== 0 || version !== 0 || tableCount > 0) {
      throw new GitPubSubError('unusable-database', 'it is a SQLite database of another program');
    }
  }
  if (version > SCHEMA_VERSION) {
    throw new GitPubSubError(
      'unusable-database',
      `its schema has version ${version}, this program knows up to ${SCHEMA_VERSION}: it was written by a newer GitPubSub`,
    );
  }
}

/** The version of a database's schema; 0 when it is empty. */
export function readVersion(database: Database): number {
  return database.pragma('user_version', { simple: true }) as number;
}

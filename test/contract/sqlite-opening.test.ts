import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { selectPrefixes } from '../../src/core/selection.ts';
import { parseTopic, ROOT_TOPIC } from '../../src/core/topic.ts';
import { readAudit } from '../../src/eventlog/sqlite/log-audit.ts';
import { checkLog } from '../../src/eventlog/sqlite/log-check.ts';
import { SCHEMA_VERSION } from '../../src/eventlog/sqlite/schema.ts';
import { append, PUBLISHER, SqliteLog } from '../support/sqlite-log.ts';

const EVERYTHING = { sinceMs: 0, prefix: ROOT_TOPIC };

/** Asserts a refusal that names the file and its reason in one line. */
function expectRefusal(
  log: SqliteLog,
  reason: RegExp,
  path: string = log.path,
  code: string = 'cannot-start',
): void {
  let refusal: unknown;
  try {
    log.open(path);
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toMatchObject({ code, message: expect.stringMatching(reason) });
  expect((refusal as Error).message).toContain(basename(path).replace('link', 'log'));
  expect((refusal as Error).message).not.toContain('\n');
}

/** The same, of a file that no other start would take either: the way out is named. */
function expectUnusable(log: SqliteLog, reason: RegExp): void {
  expectRefusal(log, reason, log.path, 'unusable-database');
  expectRefusal(log, /move (this one|it) away/, log.path, 'unusable-database');
}

async function createLog(...payloads: string[]): Promise<SqliteLog> {
  const log = new SqliteLog();
  const eventLog = log.open();
  for (const payload of payloads) await append(eventLog, '/a', payload);
  await eventLog.close();
  return log;
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

function execute(path: string, sql: string): void {
  const database = new BetterSqlite3(path);
  database.exec(sql);
  database.close();
}

describe('opening', () => {
  test('creates a database that says whose it is and which schema it has', async () => {
    const log = await createLog();
    expect(log.query('PRAGMA application_id')).toBe(0x47507553);
    expect(log.query('PRAGMA user_version')).toBe(SCHEMA_VERSION);
    expect(log.query('PRAGMA journal_mode')).toBe('wal');
    expect(log.query('PRAGMA integrity_check')).toBe('ok');
  });

  test('makes files that only their account reads', async () => {
    const log = new SqliteLog();
    await append(log.open(), '/a', '1');
    const modes = readdirSync(log.directory).map((name) => [name, modeOf(join(log.directory, name))]);
    expect(Object.fromEntries(modes)).toEqual({
      'log.db': 0o600,
      'log.db-wal': 0o600,
      'log.db-shm': 0o600,
      'log.db.lock': 0o600,
    });
  });

  test('keeps the mode of a database that is there', async () => {
    const log = await createLog('1');
    chmodSync(log.path, 0o640);
    await append(log.open(), '/a', '2');
    expect(modeOf(log.path)).toBe(0o640);
    expect(modeOf(`${log.path}-wal`)).toBe(0o640);
  });

  test('takes an empty file for a new log', async () => {
    const log = new SqliteLog();
    writeFileSync(log.path, '');
    const eventLog = log.open();
    await append(eventLog, '/a', '1');
    expect(eventLog.lastOffset).toBe(1);
  });

  test('keeps what is there', async () => {
    const log = await createLog('1', '2');
    const eventLog = log.open();
    expect([eventLog.firstOffset, eventLog.lastOffset]).toEqual([1, 2]);
  });

  test('brings the first schema to the newest and loses nothing', async () => {
    const log = await createLog('1', '2');
    const { id } = log.open();
    const earlier = new SqliteLog();
    copyFileSync(log.path, earlier.path);
    execute(
      earlier.path,
      `DROP TABLE topic_event; CREATE INDEX event_by_topic ON event (topic_id, "offset");
       DROP TABLE idempotency_key; ALTER TABLE log DROP COLUMN time_limit_ms;
       ALTER TABLE log DROP COLUMN trusted_ms; ALTER TABLE event DROP COLUMN publisher_id; DROP TABLE publisher;
       PRAGMA user_version = 1`,
    );
    const eventLog = earlier.open();
    expect(eventLog).toMatchObject({ id, firstOffset: 1, lastOffset: 2 });
    const idempotency = { principal: 'p', key: 'k', fingerprint: 'f' };
    const events = [{ topic: '/a' as never, payload: '3' }];
    expect(await eventLog.append({ events, publisher: PUBLISHER, idempotency })).toMatchObject({
      lastOffset: 3,
    });
    const request = { selection: selectPrefixes([parseTopic('/a')]), after: 0, maxEvents: 9, maxBytes: 9 };
    expect((await eventLog.read(request)).events).toHaveLength(3);
    expect(earlier.query('PRAGMA user_version')).toBe(SCHEMA_VERSION);
    const publishers = [...readAudit(earlier.path, EVERYTHING)].map(({ publisher }) => publisher);
    expect(publishers).toEqual([undefined, undefined, PUBLISHER]);
    expect(checkLog(earlier.path).findings).toEqual([]);
  });

  test.each([SCHEMA_VERSION + 1, 1_000])('refuses schema version %i, which is newer', async (version) => {
    const log = await createLog('1');
    execute(log.path, `PRAGMA user_version = ${version}`);
    expectUnusable(log, new RegExp(`version ${version}.*newer GitPubSub`));
    execute(log.path, `PRAGMA user_version = ${SCHEMA_VERSION}`);
    expect(log.open().lastOffset).toBe(1);
  });

  test.each([
    ['tables of its own', 'CREATE TABLE mine (a)'],
    ['a mark of its own', 'PRAGMA application_id = 42; CREATE TABLE event (a)'],
    ['a version of its own', 'PRAGMA user_version = 1'],
    ['our tables but not our mark', 'CREATE TABLE event (a); CREATE TABLE log (a); PRAGMA user_version = 1'],
  ])('refuses the database of another program with %s, and leaves it as it was', (_what, sql) => {
    const log = new SqliteLog();
    execute(log.path, sql);
    const before = readFileSync(log.path);
    expectUnusable(log, /SQLite database of another program/);
    expect(readFileSync(log.path).equals(before)).toBe(true);
  });

  test.each([
    ['a text', 'Dear diary,\n'],
    ['a text that is longer than a header', 'x'.repeat(10_000)],
    ['a single byte', 'S'],
    ['zeros', '\0'.repeat(4_096)],
  ])('refuses %s, and leaves it as it was', (_what, content) => {
    const log = new SqliteLog();
    writeFileSync(log.path, content);
    expectUnusable(log, /it is not a SQLite database/);
    expect(readFileSync(log.path, 'utf8')).toBe(content);
  });

  test('refuses a directory', () => {
    const log = new SqliteLog();
    mkdirSync(log.path);
    expectUnusable(log, /not a regular file/);
  });

  test('refuses a directory that is not there', () => {
    const log = new SqliteLog();
    expectRefusal(log, /the directory .* cannot be used/, join(log.directory, 'nowhere', 'log.db'));
  });

  test('can be tried again after a refusal', () => {
    const log = new SqliteLog();
    writeFileSync(log.path, 'Dear diary,\n');
    expectUnusable(log, /not a SQLite database/);
    writeFileSync(log.path, '');
    expect(log.open().lastOffset).toBe(0);
  });
});

describe('a damaged log is refused, with what is wrong:', () => {
  test.each([
    [
      'its newest event is before the pruned ones',
      'UPDATE log SET pruned_offset = 9',
      /newest event, 3, was pruned/,
    ],
    ['its first event is missing', 'DELETE FROM event WHERE "offset" = 1', /event 1 is missing/],
    ['its row is missing', 'DELETE FROM log', /row that names the log is missing/],
    ['its id is broken', `UPDATE log SET id = 'x'`, /row that names the log is missing or broken/],
    ['a table is missing', 'DROP TABLE epoch', /no such table: epoch/],
    ['its first event has no topic', 'PRAGMA foreign_keys = OFF; DELETE FROM topic', /event 1 is missing/],
  ])('%s', async (_what, sql, reason) => {
    const log = await createLog('1', '2', '3');
    execute(log.path, sql);
    expectUnusable(log, reason);
  });

  test('its first pages are overwritten', async () => {
    const log = await createLog('1', '2', '3');
    const bytes = readFileSync(log.path);
    bytes.fill(0xff, 100, 8_192);
    writeFileSync(log.path, bytes);
    expectUnusable(log, /malformed|SQLITE_/);
  });

  test('it was cut short', async () => {
    const log = await createLog('1', '2', '3');
    writeFileSync(log.path, readFileSync(log.path).subarray(0, 5_000));
    expectUnusable(log, /malformed|SQLITE_/);
  });
});

describe('while a log is open', () => {
  test('another one on the same file is refused, in whatever way the file is named', () => {
    const log = new SqliteLog();
    log.open();
    symlinkSync(log.path, join(log.directory, 'link.db'));
    mkdirSync(join(log.directory, 'sub'));
    for (const path of [
      log.path,
      join(log.directory, 'link.db'),
      `${log.directory}/sub/../log.db`,
      `${log.directory}//log.db`,
    ])
      expectRefusal(log, /another broker is using it/, path);
  });

  test('a refused one does not loosen its lock', () => {
    const log = new SqliteLog();
    log.open();
    for (let time = 0; time < 2; time++) expectRefusal(log, /another broker is using it/);
  });

  test('its lock keeps another process out', () => {
    const log = new SqliteLog();
    log.open();
    const script = `
      const lock = new (require('better-sqlite3'))(process.argv[1] + '.lock', { timeout: 0 });
      lock.exec('BEGIN EXCLUSIVE');
    `;
    const result = spawnSync(process.execPath, ['-e', script, log.path], { encoding: 'utf8' });
    expect(result.stderr).toContain('database is locked');
  });

  test('another file beside it can be opened', () => {
    const log = new SqliteLog();
    log.open();
    expect(log.open(join(log.directory, 'other.db')).lastOffset).toBe(0);
  });

  test('it can be opened again once it is closed', async () => {
    const log = new SqliteLog();
    await log.open().close();
    expect(log.open().lastOffset).toBe(0);
  });
});

describe('when another process', () => {
  test('that had the log open was killed, it can be opened at once', async () => {
    const log = await createLog('1');
    const script = `
      const lock = new (require('better-sqlite3'))(process.argv[1] + '.lock', { timeout: 0 });
      lock.exec('BEGIN EXCLUSIVE');
      process.kill(process.pid, 'SIGKILL');
    `;
    const result = spawnSync(process.execPath, ['-e', script, log.path]);
    expect(result.signal).toBe('SIGKILL');
    expect(existsSync(`${log.path}.lock`)).toBe(true);
    expect(log.open().lastOffset).toBe(1);
  });

  test('holds the lock, the log is refused until it lets go', async () => {
    const log = await createLog('1');
    const holder = new BetterSqlite3(`${log.path}.lock`);
    holder.exec('BEGIN EXCLUSIVE');
    expectRefusal(log, /another broker is using it/);
    holder.close();
    expect(log.open().lastOffset).toBe(1);
  });
});

describe('backups', () => {
  test('can be made while the log is open, and are logs themselves', async () => {
    const log = new SqliteLog();
    const eventLog = log.open();
    await append(eventLog, '/a', '1', '2');
    const copy = new SqliteLog();
    log.connect().exec(`VACUUM INTO '${copy.path}'`);
    await append(eventLog, '/a', '3');
    expect(copy.open()).toMatchObject({ id: eventLog.id, lastOffset: 2 });
  });

  test('page by page let events in meanwhile', async () => {
    const log = new SqliteLog();
    const eventLog = log.open();
    await append(eventLog, '/a', ...Array.from({ length: 500 }, () => `"${'x'.repeat(1_000)}"`));
    const copy = new SqliteLog();
    let stepCount = 0;
    let appends = 0;
    await log.connect().backup(copy.path, {
      progress: () => {
        stepCount += 1;
        if (stepCount <= 3) void append(eventLog, '/a', '1').then(() => appends++);
        return stepCount < 5 ? 10 : 10_000;
      },
    });
    expect(appends).toBe(3);
    expect(copy.open().lastOffset).toBeGreaterThanOrEqual(500);
  });
});

// What `log check` finds, and that it finds nothing where nothing is; and the copies that `log backup` makes.
import { chmodSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { backUpLog } from '../../src/eventlog/sqlite/log-backup.ts';
import { checkLog } from '../../src/eventlog/sqlite/log-check.ts';
import { parseTopic } from '../../src/core/topic.ts';
import type { EventLog } from '../../src/eventlog/event-log.ts';
import { FAKE_START_MS } from '../support/fake-clock.ts';
import { append, PUBLISHER, SqliteLog } from '../support/sqlite-log.ts';

const TOPICS = ['/', '/a', '/a/b%20c', '/%25/%2F', '/\u00e4', '/%EF%BF%BD'];

/** A log with all that one can hold: runs, keys, odd topics, pruned events. */
async function fill(log: SqliteLog): Promise<EventLog> {
  for (let run = 0; run < 3; run++) {
    const eventLog = log.open();
    for (const path of TOPICS) await append(eventLog, path, '{"x":"\u00e4\\n"}', '1.0');
    await eventLog.append({
      events: [{ topic: parseTopic('/keyed'), payload: '"k"' }],
      publisher: PUBLISHER,
      idempotency: { principal: 'p', key: `key ${run}`, fingerprint: 'f' },
    });
    log.clock.advance(1_000);
    await eventLog.close();
  }
  const eventLog = log.open();
  await append(eventLog, '/a', '"last"');
  await eventLog.prune({ maxEvents: 20 }, 1_000);
  return eventLog;
}

async function createDamaged(sql: string): Promise<readonly string[]> {
  const log = new SqliteLog();
  await (await fill(log)).close();
  const database = new BetterSqlite3(log.path);
  database.pragma('foreign_keys = OFF');
  database.unsafeMode();
  database.exec(sql);
  database.close();
  return checkLog(log.path).findings;
}

describe('a check', () => {
  test('of a sound log finds nothing, also while it is open, and says what it holds', async () => {
    const log = new SqliteLog();
    const eventLog = await fill(log);
    const report = checkLog(log.path);
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({
      state: { id: eventLog.id, lastOffset: 40, pruned: { offset: 20 } },
      events: { count: 20, firstTimeMs: FAKE_START_MS + 1_000, lastTimeMs: FAKE_START_MS + 3_000 },
      keyCount: 2,
    });
    await eventLog.close();
    expect(checkLog(log.path).findings).toEqual([]);
  });

  test('of an empty log finds nothing', () => {
    const log = new SqliteLog();
    log.open();
    expect(checkLog(log.path)).toMatchObject({ findings: [], events: { count: 0 } });
  });

  test('changes nothing', async () => {
    const log = new SqliteLog();
    await (await fill(log)).close();
    const before = readFileSync(log.path);
    checkLog(log.path);
    expect(readFileSync(log.path).equals(before)).toBe(true);
  });

  test.each([
    ['DELETE FROM event WHERE "offset" = 30', 'event 30 is missing'],
    ['DELETE FROM event WHERE "offset" BETWEEN 30 AND 33', 'events 30 to 33 are missing'],
    ['UPDATE event SET "offset" = 3 WHERE "offset" = 21', 'event 3 should have been pruned'],
    ['UPDATE event SET time_ms = 5 WHERE "offset" = 30', 'event 30 is older than the one before it'],
    ["DELETE FROM topic WHERE path = '/keyed'", 'event 26 has no topic'],
    [
      `UPDATE event SET payload = '{' WHERE "offset" = 30`,
      'event 30 holds no JSON value as it would be stored',
    ],
    [
      `UPDATE event SET payload = '1 ' WHERE "offset" = 30`,
      'event 30 holds no JSON value as it would be stored',
    ],
    [
      `UPDATE event SET payload = '12345' WHERE "offset" = 30`,
      'event 30 does not have the size that the sum of sizes says',
    ],
    ['DELETE FROM topic_event WHERE "offset" = 26', 'event 26 is missing from the index by topic'],
    [
      'INSERT INTO topic_event VALUES (1, 999)',
      'the index by topic has event 999 under a topic that it does not have',
    ],
    [`UPDATE topic SET path = 'a' WHERE path = '/a'`, '"a" is not a topic'],
    [
      `UPDATE idempotency_key SET last_offset = 99 WHERE key = 'key 2'`,
      'the idempotency key "key 2" stands for event 99, which was never stored',
    ],
    [
      `UPDATE idempotency_key SET last_offset = 2 WHERE key = 'key 2'`,
      'the idempotency key "key 2" should have gone with event 2',
    ],
    [
      `UPDATE idempotency_key SET time_ms = 2 WHERE key = 'key 2'`,
      'the idempotency key "key 2" does not have the time of event 39',
    ],
    ['DELETE FROM publisher', 'event 26 has a publisher without a name'],
    ['UPDATE publisher SET kept_through = 38', 'the name of the publisher of event 39 may go before it'],
    [
      `INSERT INTO publisher (name, kept_through) VALUES ('address 192.0.2.1', 20)`,
      'the publisher "address 192.0.2.1" should have gone with its last event',
    ],
    ['DELETE FROM epoch WHERE first_offset < 25', 'no run of a broker is known to have stored event 20'],
    [`INSERT INTO epoch VALUES (99, 'aaaaaaaa')`, 'a run began with event 99, which was never stored'],
    ['UPDATE log SET time_limit_ms = 5', 'the newest event is later than any time that was told'],
    [
      'DELETE FROM log',
      'the row that names the log cannot be read: the row that names the log is missing or broken',
    ],
    ['PRAGMA user_version = 99', 'its schema has version 99'],
    ['PRAGMA application_id = 99', 'it is a SQLite database of another program'],
  ])('after %s finds it', async (sql, finding) => {
    expect(await createDamaged(sql)).toEqual(expect.arrayContaining([expect.stringContaining(finding)]));
  });

  test('finds pages that SQLite complains about', async () => {
    const log = new SqliteLog();
    const eventLog = log.open();
    await append(eventLog, '/a', ...Array.from({ length: 500 }, () => `"${'x'.repeat(500)}"`));
    await eventLog.close();
    const bytes = readFileSync(log.path);
    bytes.fill(0xff, 100_000, 110_000);
    writeFileSync(log.path, bytes);
    expect(checkLog(log.path).findings.join('\n')).toMatch(/SQLite says/);
  });

  test.each([
    ['text', 'Dear diary'],
    ['half a database', undefined],
  ])('of %s says that it cannot be read', async (_what, content) => {
    const log = new SqliteLog();
    await (await fill(log)).close();
    if (content === undefined) truncateSync(log.path, 3_000);
    else writeFileSync(log.path, content);
    expect(checkLog(log.path).findings.length).toBeGreaterThan(0);
  });
});

describe('a backup', () => {
  test('is the log as it was, whole, while events go on coming', async () => {
    const log = new SqliteLog();
    const eventLog = await fill(log);
    const copy = join(log.directory, 'copy.db');
    const later = append(eventLog, '/a', '"later"');
    backUpLog(log.path, copy);
    await later;
    expect(checkLog(copy)).toMatchObject({ findings: [], state: { id: eventLog.id, lastOffset: 40 } });
    expect(existsSync(`${copy}.unfinished`)).toBe(false);
    expect(existsSync(`${copy}-wal`)).toBe(false);
    expect(log.open(copy)).toMatchObject({ id: eventLog.id, firstOffset: 21, lastOffset: 40 });
  });

  test.each([
    [0o600, 0o600],
    [0o640, 0o640],
    [0o444, 0o644],
  ])(
    'of a database with mode %o has %o: others read it only if they could before',
    async (mode, expected) => {
      const log = new SqliteLog();
      await (await fill(log)).close();
      chmodSync(log.path, mode);
      const copy = join(log.directory, 'copy.db');
      backUpLog(log.path, copy);
      expect(statSync(copy).mode & 0o777).toBe(expected);
    },
  );

  test('of another program’s database is refused', () => {
    const log = new SqliteLog();
    const other = join(log.directory, 'other.db');
    const database = new BetterSqlite3(other);
    database.exec('CREATE TABLE mine (a)');
    database.close();
    const copy = join(log.directory, 'copy.db');
    expect(() => backUpLog(other, copy)).toThrow(/another program/);
    expect(existsSync(copy)).toBe(false);
  });
});

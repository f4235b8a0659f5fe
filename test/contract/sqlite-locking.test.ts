// Somebody else holds the database: nothing waits but what has to.
import type { Database } from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { selectPrefixes } from '../../src/core/selection.ts';
import { parseTopic } from '../../src/core/topic.ts';
import type { EventLog } from '../../src/eventlog/event-log.ts';
import { openDatabase } from '../../src/eventlog/sqlite/open-database.ts';
import { pollUntil } from '../support/deadline.ts';
import { append, SqliteLog } from '../support/sqlite-log.ts';

const EVERYTHING = {
  selection: selectPrefixes([parseTopic('/')]),
  after: 0,
  maxEvents: 100,
  maxBytes: 1_000,
};

async function openLocked(): Promise<{ log: SqliteLog; eventLog: EventLog; holder: Database }> {
  const log = new SqliteLog();
  const eventLog = log.open();
  await append(eventLog, '/a', '1');
  const holder = log.connect();
  holder.exec('BEGIN IMMEDIATE');
  return { log, eventLog, holder };
}

/** Resolves once the log has met the lock. */
async function waitForAttempts(eventLog: EventLog): Promise<void> {
  await pollUntil(() => eventLog.failure, 'the log meets the lock');
}

describe('while the database is locked', () => {
  test('appends wait and are stored in order when it is free', async () => {
    const { eventLog, holder } = await openLocked();
    const appends = [append(eventLog, '/a', '2'), append(eventLog, '/a', '3')];
    await waitForAttempts(eventLog);
    expect(eventLog.lastOffset).toBe(1);
    holder.exec('ROLLBACK');
    expect((await Promise.all(appends)).map(({ lastOffset }) => lastOffset)).toEqual([2, 3]);
    const { events } = await eventLog.read(EVERYTHING);
    expect(events.map(({ payload }) => payload)).toEqual(['1', '2', '3']);
    expect(eventLog.failure).toBeUndefined();
  });

  test('appends are refused after five seconds, and nothing of them is stored', async () => {
    const { log, eventLog, holder } = await openLocked();
    const refused = expect(append(eventLog, '/a', '2')).rejects.toMatchObject({ code: 'log-unavailable' });
    await waitForAttempts(eventLog);
    log.clock.advance(5_000);
    await refused;
    holder.exec('ROLLBACK');
    expect(await append(eventLog, '/a', '3')).toMatchObject({ lastOffset: 2 });
  });

  test('timers go on', async () => {
    const { eventLog, holder } = await openLocked();
    const appended = append(eventLog, '/a', '2');
    await waitForAttempts(eventLog);
    let ticks = 0;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        ticks += 1;
        if (ticks < 20) return;
        clearInterval(timer);
        resolve();
      }, 5);
    });
    expect(eventLog.lastOffset).toBe(1);
    holder.exec('ROLLBACK');
    await appended;
  });

  test('reads go on', async () => {
    const { eventLog } = await openLocked();
    expect((await eventLog.read(EVERYTHING)).events).toHaveLength(1);
    expect(await eventLog.findTime(0)).toEqual({ offset: 0, isPruned: false });
  });

  test('pruning is refused at once, and can be tried again', async () => {
    const { eventLog, holder } = await openLocked();
    await expect(eventLog.prune({ maxEvents: 0 }, 10)).rejects.toMatchObject({ code: 'log-unavailable' });
    expect(eventLog.firstOffset).toBe(1);
    holder.exec('ROLLBACK');
    expect(await eventLog.prune({ maxEvents: 0 }, 10)).toBe(1);
  });

  test('a probe says so and does not wait', async () => {
    const { eventLog, holder } = await openLocked();
    eventLog.probe();
    expect(eventLog.failure).toMatch(/locked/);
    holder.exec('ROLLBACK');
    eventLog.probe();
    expect(eventLog.failure).toBeUndefined();
  });

  test('closing waits for the appends that wait', async () => {
    const { log, eventLog, holder } = await openLocked();
    const appended = append(eventLog, '/a', '2');
    const closed = eventLog.close();
    await waitForAttempts(eventLog);
    holder.exec('ROLLBACK');
    await Promise.all([appended, closed]);
    expect(log.open().lastOffset).toBe(2);
  });
});

test('SQLite itself never waits for a lock, which would stop the loop', () => {
  const { database, close } = openDatabase(new SqliteLog().path, 'normal');
  expect(database.pragma('busy_timeout', { simple: true })).toBe(0);
  close();
});

test.each([
  ['full', 2],
  ['normal', 1],
] as const)('durability %s is SQLite’s synchronous = %i', (durability, level) => {
  const { database, close } = openDatabase(new SqliteLog().path, durability);
  expect(database.pragma('synchronous', { simple: true })).toBe(level);
  close();
});

test('a reader that keeps its snapshot keeps nobody from appending or pruning', async () => {
  const log = new SqliteLog();
  const eventLog = log.open();
  await append(eventLog, '/a', '1');
  const reader = log.connect();
  reader.exec('BEGIN');
  const count = reader.prepare('SELECT count(*) FROM event').pluck();
  expect(count.get()).toBe(1);
  await append(eventLog, '/a', '2');
  expect(await eventLog.prune({ maxEvents: 1 }, 10)).toBe(1);
  expect(count.get()).toBe(1);
  reader.exec('COMMIT');
});

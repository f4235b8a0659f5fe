// Damage that SQLite itself does not notice: a read fails rather than leave a gap or break a line, and the rest goes on.
import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { selectPrefixes } from '../../src/core/selection.ts';
import { parseTopic } from '../../src/core/topic.ts';
import type { EventLog, Page } from '../../src/eventlog/event-log.ts';
import { append, SqliteLog } from '../support/sqlite-log.ts';

async function openWith(sql: string): Promise<{ log: SqliteLog; eventLog: EventLog }> {
  const log = new SqliteLog();
  const eventLog = log.open();
  await append(eventLog, '/a', '1', '2', '3', '4', '5');
  log.connect().exec(sql);
  return { log, eventLog };
}

function readAfter(eventLog: EventLog, after: number, path: string = '/'): Promise<Page> {
  return eventLog.read({
    selection: selectPrefixes([parseTopic(path)]),
    after,
    maxEvents: 100,
    maxBytes: 1_000,
  });
}

describe('a read', () => {
  test.each([
    ['event 3 is missing', 'DELETE FROM event WHERE "offset" = 3'],
    ['event 5 is missing', 'DELETE FROM event WHERE "offset" = 5'],
    ['event 3 is damaged', `UPDATE event SET payload = '"a' || char(10) || 'b"' WHERE "offset" = 3`],
  ])('fails when %s', async (reason, sql) => {
    const { eventLog } = await openWith(sql);
    await expect(readAfter(eventLog, 0)).rejects.toMatchObject({
      code: 'log-unavailable',
      message: expect.stringContaining(reason),
    });
  });

  test('of what is whole goes on', async () => {
    const { eventLog } = await openWith('DELETE FROM event WHERE "offset" = 3');
    expect((await readAfter(eventLog, 3)).events.map(({ offset }) => offset)).toEqual([4, 5]);
    expect((await append(eventLog, '/a', '6')).lastOffset).toBe(6);
  });

  test('of one topic fails as well when its text is damaged', async () => {
    const { eventLog } = await openWith(`UPDATE event SET payload = char(0) WHERE "offset" = 3`);
    await expect(readAfter(eventLog, 0, '/a')).rejects.toThrow(/event 3 is damaged/);
  });
});

describe('when a file of the open log', () => {
  test.each(['', '-wal', '-shm', '.lock'])(
    '"%s" is deleted, nothing is stored any more, and reads go on',
    async (suffix) => {
      const { log, eventLog } = await openWith('SELECT 1');
      rmSync(log.path + suffix);
      if (suffix === '-shm' || suffix === '.lock') eventLog.maintain(); // Which looks at these, too.
      await expect(append(eventLog, '/a', '6')).rejects.toMatchObject({
        code: 'log-unavailable',
        message: expect.stringMatching(/log\.db.* was deleted, moved or replaced/),
      });
      expect(eventLog.lastOffset).toBe(5);
      expect((await readAfter(eventLog, 0)).events).toHaveLength(5);
      expect(await eventLog.prune({ maxEvents: 0 }, 10)).toBe(0);
    },
  );

  test('is deleted, a look finds it though nobody appends', async () => {
    const { log, eventLog } = await openWith('SELECT 1');
    eventLog.maintain();
    expect(eventLog.failure).toBeUndefined();
    rmSync(log.path);
    eventLog.maintain();
    expect(eventLog.failure).toMatch(/log\.db was deleted/);
  });

  test('is replaced by a copy, nothing is stored', async () => {
    const { log, eventLog } = await openWith('SELECT 1');
    copyFileSync(log.path, `${log.path}.copy`);
    renameSync(`${log.path}.copy`, log.path);
    await expect(append(eventLog, '/a', '6')).rejects.toThrow(/replaced/);
  });

  test('is moved away and back again, it goes on', async () => {
    const { log, eventLog } = await openWith('SELECT 1');
    renameSync(log.path, `${log.path}.away`);
    await expect(append(eventLog, '/a', '6')).rejects.toThrow(/moved/);
    renameSync(`${log.path}.away`, log.path);
    eventLog.probe();
    expect(eventLog.failure).toBeUndefined();
    expect((await append(eventLog, '/a', '6')).lastOffset).toBe(6);
  });
});

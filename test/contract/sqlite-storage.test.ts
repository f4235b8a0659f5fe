// What the database holds and how it is read: an index that is tidied, no page lost, no scan for a narrow prefix.
import { statSync } from 'node:fs';
import BetterSqlite3, { type Database } from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { SYSTEM_CLOCK } from '../../src/core/clock.ts';
import { selectPrefixes } from '../../src/core/selection.ts';
import { parseTopic } from '../../src/core/topic.ts';
import { EventReader } from '../../src/eventlog/sqlite/event-reader.ts';
import { EventWriter } from '../../src/eventlog/sqlite/event-writer.ts';
import { checkLog } from '../../src/eventlog/sqlite/log-check.ts';
import { migrate } from '../../src/eventlog/sqlite/schema.ts';
import { append, PUBLISHER, SqliteLog } from '../support/sqlite-log.ts';

describe('pruning', () => {
  test('tidies the index by topic in rounds: what is left of pruned events never becomes more than what is held', async () => {
    const log = new SqliteLog();
    const eventLog = log.open();
    const topics = Array.from({ length: 30_000 }, (_, i) => parseTopic(`/many/t${i}`));
    for (let i = 0; i < topics.length; i += 2_000)
      await eventLog.append({
        events: topics.slice(i, i + 2_000).map((topic) => ({ topic, payload: '1' })),
        publisher: PUBLISHER,
      });
    const count = (table: string): number => Number(log.query(`SELECT count(*) FROM ${table}`));
    const surpluses: number[] = [];
    for (let held = 29_500; held >= 5_000; held -= 500) {
      await eventLog.prune({ maxEvents: held }, 500);
      surpluses.push(count('topic_event') - count('event'));
    }
    // Nothing is done for every event, and everything in the end.
    expect(Math.max(...surpluses)).toBeGreaterThan(5_000);
    expect(Math.max(...surpluses)).toBeLessThan(25_000);
    expect(surpluses.at(-1)).toBeLessThan(11_000);
    expect(count('topic')).toBe(count('topic_event'));
    const rest = {
      selection: selectPrefixes([parseTopic('/many')]),
      after: 25_000,
      maxEvents: 9,
      maxBytes: 9,
    };
    expect((await eventLog.read(rest)).events[0]).toMatchObject({ offset: 25_001, topic: '/many/t25000' });
    await append(eventLog, '/many/t0', '2');
    const again = { ...rest, selection: selectPrefixes([parseTopic('/many/t0')]) };
    expect((await eventLog.read(again)).events).toMatchObject([{ offset: 30_001, payload: '2' }]);
  });

  test('removes the publishers that have no event any more, at the latest a thousand events after', async () => {
    const log = new SqliteLog();
    const eventLog = log.open();
    const publish = (publisher: string, count: number): Promise<unknown> =>
      eventLog.append({
        events: Array.from({ length: count }, () => ({ topic: parseTopic('/a'), payload: '1' })),
        publisher,
      });
    const names = (): unknown[] =>
      log.connect().prepare('SELECT name FROM publisher ORDER BY name').pluck().all();
    await publish('address 192.0.2.1', 1);
    await publish('principal ci', 2_000);
    expect(names()).toEqual(['address 192.0.2.1', 'principal ci']);
    await eventLog.prune({ maxEvents: 1_001 }, 2_000);
    expect(names()).toEqual(['address 192.0.2.1', 'principal ci']);
    await eventLog.prune({ maxEvents: 1_000 }, 2_000);
    expect(names()).toEqual(['principal ci']);
    await eventLog.prune({ maxEvents: 0 }, 2_000);
    expect(names()).toEqual([]);
    await publish('principal ci', 1);
    expect(names()).toEqual(['principal ci']);
    expect(checkLog(log.path).findings).toEqual([]);
  });

  test('takes few entries out of the index at once, however many a topic has', async () => {
    const log = new SqliteLog();
    const eventLog = log.open();
    const event = { topic: parseTopic('/one'), payload: '1' };
    for (let i = 0; i < 15; i++)
      await eventLog.append({ publisher: 'p', events: Array.from({ length: 2_000 }, () => event) });
    const removed: number[] = [];
    let before = 30_000;
    for (let held = 29_500; held >= 5_000; held -= 500) {
      await eventLog.prune({ maxEvents: held }, 500);
      const left = Number(log.query('SELECT count(*) FROM topic_event'));
      removed.push(before - left);
      before = left;
    }
    expect(Math.max(...removed)).toBe(2_000);
    expect(before).toBeLessThan(16_000);
    expect(log.query('SELECT count(*) FROM topic')).toBe(1);
  });

  test('keeps few rows of earlier runs', async () => {
    const log = new SqliteLog();
    for (let run = 0; run < 5; run++) {
      const eventLog = log.open();
      await append(eventLog, '/a', '1');
      await eventLog.close();
    }
    await log.open().prune({ maxEvents: 1 }, 10);
    expect(log.query('SELECT count(*) FROM epoch')).toBe(2);
  });

  test('has one row of a run to keep, however often the run committed', async () => {
    const log = new SqliteLog();
    const eventLog = log.open();
    for (let i = 0; i < 5; i++) await append(eventLog, '/a', '1');
    expect(log.query('SELECT count(*) FROM epoch')).toBe(1);
  });

  test('lets its pages be used again: the file does not grow over many rounds', async () => {
    const log = new SqliteLog();
    const eventLog = log.open();
    const payloads = Array.from({ length: 100 }, (_, index) => `"${String(index).repeat(200)}"`);
    const sizes: number[] = [];
    for (let round = 0; round < 30; round++) {
      await append(eventLog, `/round/${round}`, ...payloads);
      await eventLog.prune({ maxEvents: 100 }, 1_000);
      log.connect().pragma('wal_checkpoint(TRUNCATE)');
      sizes.push(statSync(log.path).size);
    }
    expect(Math.max(...sizes.slice(10))).toBeLessThan(Math.max(...sizes.slice(0, 10)) * 1.2);
    expect(log.query('PRAGMA integrity_check')).toBe('ok');
  });

  test('of everything and appending again leaves the database sound', async () => {
    const log = new SqliteLog();
    const eventLog = log.open();
    for (let round = 0; round < 3; round++) {
      await append(eventLog, '/a', '1', '2');
      await eventLog.prune({ maxEvents: 0 }, 10);
    }
    await append(eventLog, '/a', '7');
    expect(log.query('PRAGMA integrity_check')).toBe('ok');
    expect(log.query('SELECT group_concat("offset") FROM event')).toBe('7');
  });
});

/** The SQL of all statements that are run, with the plan of each that reads. */
class Recorder {
  readonly database: Database;
  readonly statements = new Set<string>();

  constructor() {
    this.database = new BetterSqlite3(':memory:');
    this.database.pragma('foreign_keys = OFF'); // As the log has it.
    migrate(this.database, () => '0123456789ab');
  }

  /** The database as the reader or writer gets it: it notes what is prepared. */
  asRecorded(): Database {
    const prepare = (sql: string): unknown => {
      this.statements.add(sql);
      return this.database.prepare(sql);
    };
    return new Proxy(this.database, {
      get: (target, name) => (name === 'prepare' ? prepare : Reflect.get(target, name)),
    });
  }

  plans(): string[] {
    return [...this.statements]
      .filter((sql) => /^\s*(SELECT|DELETE|UPDATE)/.test(sql))
      .flatMap((sql) => {
        const parameters = Array.from(sql.matchAll(/\?/g), () => null);
        const rows = this.database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters);
        return (rows as { detail: string }[]).map(({ detail }) => detail);
      });
  }
}

describe('no statement', () => {
  test('of the reader scans a table', () => {
    const recorder = new Recorder();
    expect(new EventReader(recorder.asRecorded(), SYSTEM_CLOCK)).toBeDefined();
    const plans = recorder.plans();
    expect(plans.length).toBeGreaterThan(5);
    // A list of topics is given as JSON, which is scanned and is no table of ours.
    expect(plans.filter((plan) => plan.startsWith('SCAN') && !plan.includes('json_each'))).toEqual([]);
  });

  test('of the reader sorts anything but the few offsets of one window', () => {
    const recorder = new Recorder();
    expect(new EventReader(recorder.asRecorded(), SYSTEM_CLOCK)).toBeDefined();
    expect(recorder.plans().filter((plan) => plan.includes('TEMP B-TREE'))).toEqual([
      'USE TEMP B-TREE FOR ORDER BY',
    ]);
  });

  test('of the writer scans a table, but for the one row that names the log', () => {
    const recorder = new Recorder();
    expect(new EventWriter(recorder.asRecorded())).toBeDefined();
    const scans = recorder.plans().filter((plan) => plan.startsWith('SCAN'));
    expect(scans.filter((plan) => plan !== 'SCAN log')).toEqual([]);
  });
});

describe('a page of a narrow prefix', () => {
  test.each([
    ['a single topic', ['/rare']],
    ['two topics', ['/rare', '/other']],
    ['a topic that never was', ['/never']],
    ['a prefix of 100 topics', ['/some']],
  ])('reads no payload that is not wanted: %s', async (_what, paths) => {
    const log = new SqliteLog();
    const eventLog = log.open();
    const topics = Array.from({ length: 3_000 }, (_, i) =>
      parseTopic(
        i % 1_000 === 7 ? '/rare' : i % 1_000 === 8 ? '/other' : i % 30 === 9 ? `/some/${i}` : '/often',
      ),
    );
    await eventLog.append({
      events: topics.map((topic, i) => ({ topic, payload: String(i) })),
      publisher: PUBLISHER,
    });
    await eventLog.close();
    const database = log.connect();
    let payloadReads = 0;
    // The column of the payload is reached through a function that counts.
    database.function('seen', (payload: unknown) => {
      payloadReads += 1;
      return payload;
    });
    const counting = new Proxy(database, {
      get: (target, name) =>
        name === 'prepare'
          ? (sql: string) => target.prepare(sql.replace('e.payload', 'seen(e.payload)'))
          : Reflect.get(target, name),
    });
    const selection = selectPrefixes(paths.map((path) => parseTopic(path)));
    const request = { selection, after: 0, maxEvents: 1_000, maxBytes: 1_000_000 };
    const { events } = new EventReader(counting, SYSTEM_CLOCK).read(request, topics.length);
    expect(payloadReads).toBe(events.length);
    expect(events.length).toBe(
      topics.filter((topic) => paths.some((path) => topic === path || topic.startsWith(`${path}/`))).length,
    );
  });
});

describe('a database that is full', () => {
  test('stores nothing of the batch, and takes the next one when there is room', () => {
    const database = new BetterSqlite3(':memory:');
    migrate(database, () => '0123456789ab');
    const writer = new EventWriter(database);
    const context = {
      lastOffset: 0,
      bytesThrough: 0,
      timeMs: 1,
      newEpoch: { firstOffset: 1, nonce: 'aaaaaaaa' },
      clockMark: undefined,
    };
    const events = Array.from({ length: 100 }, (_, i) => ({
      topic: parseTopic(`/t/${i}`),
      payload: 'x'.repeat(1_000),
    }));
    database.pragma(`max_page_count = ${Number(database.pragma('page_count', { simple: true })) + 4}`);
    expect(() => writer.insert([{ events, publisher: PUBLISHER }], context)).toThrow(/full/);
    expect(database.inTransaction).toBe(false);
    for (const table of ['event', 'topic', 'publisher', 'epoch'])
      expect(database.prepare(`SELECT count(*) FROM ${table}`).pluck().get()).toBe(0);
    database.pragma('max_page_count = 1000000');
    expect(writer.insert([{ events, publisher: PUBLISHER }], context).stored).toHaveLength(100);
    const named =
      'SELECT count(*) FROM event JOIN topic t ON t.id = topic_id JOIN publisher p ON p.id = publisher_id';
    expect(database.prepare(named).pluck().get()).toBe(100);
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  });
});

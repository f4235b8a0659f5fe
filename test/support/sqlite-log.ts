// A SQLite log in a directory of its own, and other programs' hands on its file.
import { join } from 'node:path';
import BetterSqlite3, { type Database } from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { SteadyClock } from '../../src/core/clock.ts';
import { parseTopic } from '../../src/core/topic.ts';
import type { Appended, EventLog } from '../../src/eventlog/event-log.ts';
import { openSqliteEventLog } from '../../src/eventlog/sqlite/sqlite-event-log.ts';
import { FakeClock } from './fake-clock.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

export class SqliteLog {
  readonly clock: FakeClock = new FakeClock();
  readonly directory: string = createTemporaryDirectory();
  readonly path: string = join(this.directory, 'log.db');

  /** Opens it; the test that runs closes it when it has finished. */
  open(path: string = this.path): EventLog {
    const eventLog = openSqliteEventLog({
      path,
      durability: 'normal',
      clock: this.clock,
      steadyClock: new SteadyClock(this.clock),
    });
    let isClosed = false;
    const close = eventLog.close.bind(eventLog);
    eventLog.close = async () => {
      if (isClosed) return;
      isClosed = true;
      await close();
    };
    onTestFinished(() => eventLog.close());
    return eventLog;
  }

  /** Another connection to its file, as another program's. */
  connect(): Database {
    const database = new BetterSqlite3(this.path, { timeout: 0 });
    onTestFinished(() => void database.close());
    return database;
  }

  /** What another program reads there: the first column of the first row. */
  query(sql: string): unknown {
    return this.connect().prepare(sql).pluck().get();
  }
}

/** Who publishes what tests append. */
export const PUBLISHER = 'principal test';

/** Appends events to one topic. */
export function append(eventLog: EventLog, path: string, ...payloads: string[]): Promise<Appended> {
  const topic = parseTopic(path);
  return eventLog.append({ events: payloads.map((payload) => ({ topic, payload })), publisher: PUBLISHER });
}

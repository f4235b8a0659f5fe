import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { openSqliteEventLog } from '../../src/eventlog/sqlite/sqlite-event-log.ts';
import { createMemoryStorage, MemoryEventLog } from '../support/memory-event-log.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';
import { describeEventLog, type LogStore } from './event-log.contract.ts';

describeEventLog('SQLite', createSqliteStore);
describeEventLog('memory', () => createMemoryStore(0));
describeEventLog('memory that takes its time', () => createMemoryStore(2));

function createSqliteStore(): LogStore {
  const path = join(createTemporaryDirectory(), 'log.db');
  return {
    open: (clock, steadyClock) => openSqliteEventLog({ path, durability: 'normal', clock, steadyClock }),
    saveCopy: () => {
      copyFileSync(path, `${path}.copy`);
      return () => copyFileSync(`${path}.copy`, path);
    },
    refuseWrites: () => {
      execute(path, REFUSE);
      return () => execute(path, REPAIR);
    },
  };
}

// An error of the database's own that is not a lock: what a full disk is as well.
const REFUSE = `
  CREATE TRIGGER refuse_event BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'refused'); END;
  CREATE TRIGGER refuse_probe BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'refused'); END;
`;
const REPAIR = 'DROP TRIGGER refuse_event; DROP TRIGGER refuse_probe';

function execute(path: string, sql: string): void {
  const database = new BetterSqlite3(path);
  database.exec(sql);
  database.close();
}

function createMemoryStore(readTurns: number): LogStore {
  let storage = createMemoryStorage();
  let current: MemoryEventLog | undefined;
  return {
    open: (_clock, steadyClock) => {
      current = new MemoryEventLog({ storage, steadyClock, pickReadTurns: () => readTurns });
      return current;
    },
    saveCopy: () => {
      const copy = structuredClone(storage);
      return () => (storage = structuredClone(copy));
    },
    refuseWrites: () => {
      current?.refuseWrites('refused');
      return () => current?.refuseWrites(undefined);
    },
  };
}

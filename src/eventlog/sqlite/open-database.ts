// Opening the database file: the lock beside it, the pragmas, and the checks that need no look at every page.
import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import BetterSqlite3, { type Database } from 'better-sqlite3';
import { GitPubSubError } from '../../core/errors.ts';
import { checkOwnership, migrate } from './schema.ts';

/** How safe a commit is: `full` survives a crash of the machine, `normal` one of the process. */
export type Durability = 'full' | 'normal';

/** An open database and the lock that keeps other brokers away from it. */
export interface OpenDatabase {
  readonly database: Database;
  readonly close: () => void;
}

/** The write-ahead log is cut back to this size when it was larger, in bytes, so that one burst does not keep the disk. */
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;

/** Page cache, in KiB: the newest pages of the log and the upper levels of its trees. */
const CACHE_KIB = 16 * 1024;

const SQLITE_HEADER = 'SQLite format 3\0';

/**
 * Opens or creates the database, takes its lock, and brings its schema up to date.
 * @throws GitPubSubError `cannot-start`, with the path, the reason and the way out
 */
export function openDatabase(path: string, durability: Durability): OpenDatabase {
  const file = resolveFile(path);
  checkFile(file);
  const lock = takeLock(file);
  let database: Database | undefined;
  try {
    // Why no timeout: SQLite's busy wait would stop the loop; whoever meets a lock tries again by a timer.
    database = new BetterSqlite3(file, { timeout: 0 });
    checkOwnership(database); // Before anything is written to it.
    configure(database, durability);
    migrate(database, () => randomBytes(6).toString('hex'));
  } catch (error) {
    database?.close();
    lock.close();
    throw cannotOpen(file, reasonOf(error), error);
  }
  return { database, close: closeBoth(database, lock) };
}

// Another way to the same file must meet the same lock.
function resolveFile(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(realpathIfExists(path)));
  } catch (error) {
    throw cannotOpen(
      path,
      `the directory ${dirname(path)} cannot be used (${(error as Error).message})`,
      error,
    );
  }
}

function realpathIfExists(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) ? realpathSync(path) : path;
}

// Why a database as the lock: its file locks are released by the system when the process ends, however it ends, and
// the log itself stays open to backups.
function takeLock(file: string): Database {
  let lock: Database | undefined;
  try {
    lock = new BetterSqlite3(`${file}.lock`, { timeout: 0 });
    lock.pragma('journal_mode = MEMORY');
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock?.close();
    throw cannotOpen(
      file,
      isBusy(error)
        ? 'another broker is using it; stop that one, or give this one a database of its own'
        : `its lock file ${file}.lock cannot be used (${reasonOf(error)})`,
      error,
    );
  }
}

// What can't be our database is told apart before anything is written, beside it or to it.
function checkFile(file: string): void {
  try {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (!stats) return;
    if (!stats.isFile()) throw new Error('it is not a regular file');
    // SQLite's files beside it, and our lock, go by the name.
    if (stats.nlink > 1)
      throw new Error('it has a second name, a hard link, by which another program could use it');
    if (stats.size > 0 && readHeader(file) !== SQLITE_HEADER) throw new Error('it is not a SQLite database');
  } catch (error) {
    throw cannotOpen(file, reasonOf(error), error);
  }
}

// Opened as it will be used, so that one that can't be written is refused as well.
function readHeader(file: string): string {
  const header = Buffer.alloc(SQLITE_HEADER.length);
  const descriptor = openSync(file, 'r+');
  try {
    readSync(descriptor, header, 0, header.length, 0);
  } finally {
    closeSync(descriptor);
  }
  return header.toString('latin1');
}

function configure(database: Database, durability: Durability): void {
  database.pragma('journal_mode = WAL');
  database.pragma(`synchronous = ${durability === 'full' ? 'FULL' : 'NORMAL'}`);
  database.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`);
  database.pragma(`cache_size = -${CACHE_KIB}`);
  database.pragma('foreign_keys = OFF'); // Why: the one writer is ours, and the checks would cost each insert a look-up.
}

function closeBoth(database: Database, lock: Database): () => void {
  return () => {
    database.close();
    lock.close();
  };
}

/** Whether SQLite itself says what is wrong. */
export function isSqliteError(error: unknown): boolean {
  return error instanceof BetterSqlite3.SqliteError;
}

/** Whether SQLite says that somebody else holds a lock, so that trying again makes sense. */
export function isBusy(error: unknown): boolean {
  return error instanceof BetterSqlite3.SqliteError && /^SQLITE_(BUSY|LOCKED)/.test(error.code);
}

/** The reason in SQLite's words with its code, for people. */
export function reasonOf(error: unknown): string {
  if (isBusy(error)) return 'another program has locked it';
  if (error instanceof BetterSqlite3.SqliteError) return `${error.message} (${error.code})`;
  const { message } = error as Error;
  if (message.startsWith('Could not locate the bindings file')) {
    return 'better-sqlite3 was installed without its binary, as when install scripts are not allowed; run npm rebuild better-sqlite3, with --global if it was installed so';
  }
  return message;
}

function cannotOpen(file: string, reason: string, cause: unknown): GitPubSubError {
  return new GitPubSubError('cannot-start', `The database ${file} cannot be opened: ${reason}.`, { cause });
}

// Opening the database file: the lock beside it, the pragmas, and the checks that need no look at every page.
import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import BetterSqlite3, { type Database } from 'better-sqlite3';
import { GitPubSubError } from '../../core/errors.ts';
import { FileWatch } from './file-watch.ts';
import { checkOwnership, migrate } from './schema.ts';

/** How safe a commit is: `full` survives a crash of the machine, `normal` one of the process. */
export type Durability = 'full' | 'normal';

/** An open database and the lock that keeps other brokers away from it. */
export interface OpenDatabase {
  readonly database: Database;
  readonly files: FileWatch;
  readonly close: () => void;
}

/** The write-ahead log is cut back to this size when it was larger, in bytes, so that one burst does not keep the disk. */
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;

/** Page cache, in KiB: the newest pages of the log and the upper levels of its trees. */
const CACHE_KIB = 16 * 1024;

const SQLITE_HEADER = 'SQLite format 3\0';

/**
 * Opens or creates the database, takes its lock, and brings its schema up to date.
 * @throws GitPubSubError `cannot-start` or `unusable-database`, with the path, the reason and the way out
 */
export function openDatabase(path: string, durability: Durability): OpenDatabase {
  const file = resolveFile(path);
  checkFile(file);
  const lock = takeLock(file);
  let database: Database | undefined;
  try {
    createPrivately(file);
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
  const files = new FileWatch(file);
  return { database, files, close: closeAll(database, files, lock) };
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
    createPrivately(`${file}.lock`);
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

// Why not SQLite: every account of the machine could read what it makes, and hold the lock. Its files beside a database have
// the mode of that.
function createPrivately(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

// What can't be our database is told apart before anything is written, beside it or to it.
function checkFile(file: string): void {
  try {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (!stats) return;
    if (!stats.isFile()) throw unusable('it is not a regular file');
    // SQLite's files beside it, and our lock, go by the name.
    if (stats.nlink > 1)
      throw unusable('it has a second name, a hard link, by which another program could use it');
    if (stats.size > 0 && readHeader(file) !== SQLITE_HEADER) throw unusable('it is not a SQLite database');
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

function closeAll(database: Database, files: FileWatch, lock: Database): () => void {
  return () => {
    database.close();
    files.putAsideLeftovers();
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

// What SQLite says of a disk, a lock or rights; everything else is about what the file holds.
const CIRCUMSTANCES = /^SQLITE_(BUSY|LOCKED|CANTOPEN|READONLY|PERM|AUTH|FULL|NOMEM|IOERR(?!_SHORT_READ))/;

/** The refusal of a database that was opened but can't be read. */
export function refuse(file: string, error: unknown): GitPubSubError {
  const isCircumstance = error instanceof BetterSqlite3.SqliteError && CIRCUMSTANCES.test(error.code);
  return isCircumstance ? cannotOpen(file, reasonOf(error), error) : damaged(file, error);
}

// Another start won't find it any better, unless somebody does something about it.
function damaged(file: string, error: unknown): GitPubSubError {
  return new GitPubSubError(
    'unusable-database',
    `The database ${file} is damaged: ${reasonOf(error)}. Put a backup in its place, or move it away to start with an empty one.`,
    { cause: error },
  );
}

function isDamage(error: unknown): boolean {
  return error instanceof BetterSqlite3.SqliteError && /^SQLITE_(CORRUPT|NOTADB)/.test(error.code);
}

function unusable(reason: string): GitPubSubError {
  return new GitPubSubError('unusable-database', reason);
}

function cannotOpen(file: string, reason: string, cause: unknown): GitPubSubError {
  if (isDamage(cause)) return damaged(file, cause);
  const isUnusable = cause instanceof GitPubSubError && cause.code === 'unusable-database';
  const wayOut = isUnusable ? ' Name another file in the setting database, or move this one away.' : '';
  const code = isUnusable ? 'unusable-database' : 'cannot-start';
  return new GitPubSubError(code, `The database ${file} cannot be opened: ${reason}.${wayOut}`, { cause });
}

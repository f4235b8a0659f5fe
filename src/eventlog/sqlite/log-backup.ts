// A copy of a database as it is at one moment, in one file, made while a broker goes on with it.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { checkOwnership } from './schema.ts';

const OWNER_WRITES = 0o600;
const OTHERS = 0o077;

/**
 * Copies a database; `copy` is there only once it is complete and on disk, and no more open to others than the database.
 * @throws what SQLite and the file system throw, and GitPubSubError `unusable-database`
 */
export function backUpLog(path: string, copy: string): void {
  const unfinished = `${copy}.unfinished`;
  rmSync(unfinished, { force: true });
  try {
    createEmpty(unfinished, statSync(path).mode);
    copyNow(path, unfinished);
    sync(unfinished);
    renameSync(unfinished, copy);
  } catch (error) {
    rmSync(unfinished, { force: true }); // It may be what fills the disk.
    throw error;
  }
}

// SQLite fills an empty file that is there. One of its own would be for all to read, private topics and publishers included.
function createEmpty(path: string, mode: number): void {
  closeSync(openSync(path, 'wx', OWNER_WRITES | (mode & OTHERS)));
}

function copyNow(path: string, copy: string): void {
  const database = new BetterSqlite3(path, { readonly: true, fileMustExist: true });
  try {
    checkOwnership(database);
    // Why not SQLite's backup, page by page: it begins anew with every event that a broker stores meanwhile.
    database.prepare('VACUUM INTO ?').run(copy);
  } finally {
    database.close();
  }
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

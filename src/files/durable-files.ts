// Files that are whole or not there, also after a crash of the machine. Knows nothing of what is in them.
import {
  access,
  constants,
  lstat,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  type FileHandle,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createFile, makeOwnedDirectory, openForAppending } from './file-owner.ts';

const TEMPORARY_SUFFIX = '.tmp';

// No writer takes as long: whoever wrote it was killed.
const LEFTOVER_AFTER_MS = 24 * 3_600_000;

/** Writes a file in one step: until it is on the disk, the old one stands. Two writers of one file must not meet. */
export async function replaceFile(path: string, data: string | Buffer): Promise<void> {
  const temporary = path + TEMPORARY_SUFFIX;
  try {
    await writeSynced(temporary, data);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Writes a file to the disk; its name is there to stay only after {@link syncDirectory}. */
export async function writeSynced(path: string, data: string | Buffer): Promise<void> {
  const file = await createFile(path);
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Adds whole lines to a file, a new one if there is none. @throws Error if they are not on the disk then */
export async function appendSynced(path: string, lines: string): Promise<void> {
  const file = await openForAppending(path);
  try {
    await file.writeFile(((await endsWithHalfLine(file)) ? '\n' : '') + lines);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Looks ahead, and changes nothing. @throws Error if a file can't be replaced, or made, for want of a place or of rights */
export async function checkReplaceable(path: string): Promise<void> {
  await access(dirname(path), constants.W_OK | constants.X_OK);
}

/** Looks ahead, and makes no file. @throws Error if lines can't be added to a file, for want of a place or of rights */
export async function checkAppendable(path: string): Promise<void> {
  if ((await unlessMissing(lstat(path))) === undefined) return checkReplaceable(path);
  await (await openForAppending(path)).close();
}

// A crash or a full disk may have kept the rest of a line back; what it said comes again.
async function endsWithHalfLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() !== '\n';
}

/** Makes a directory that is there to stay, and those above it where there are none. */
export async function makeDirectory(path: string): Promise<void> {
  for (const made of await makeOwnedDirectory(path)) await syncDirectory(dirname(made));
}

/** Removes what writers that were killed have left in a directory. Resolves always: it harms nobody. */
export async function removeLeftovers(directory: string): Promise<void> {
  const names = await listIfThere(directory).catch(() => []);
  for (const name of names.filter((each) => each.endsWith(TEMPORARY_SUFFIX))) {
    const path = join(directory, name);
    const stats = await stat(path).catch(() => undefined);
    if (stats !== undefined && Date.now() - stats.mtimeMs > LEFTOVER_AFTER_MS)
      await rm(path, { force: true }).catch(() => undefined);
  }
}

/** Makes what was created, renamed and removed in a directory stay so. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The names in a directory in order; none if there is no such directory. */
export async function listIfThere(path: string): Promise<string[]> {
  return (await unlessMissing(readdir(path)))?.toSorted() ?? [];
}

/** The content of a file, if there is one. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  return unlessMissing(readFile(path));
}

async function unlessMissing<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

// Files and directories that root makes in the repository of another account: they belong to that account, which must read
// and replace them, and no link that it has put in their place is followed.
import { constants, type Stats } from 'node:fs';
import { lchown, lstat, mkdir, open, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, normalize } from 'node:path';

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;

/** Opens a new file for writing, in the place of any other of that name. */
export async function createFile(path: string): Promise<FileHandle> {
  await rm(path, { force: true });
  const file = await open(path, 'wx');
  await handOver(file, path);
  return file;
}

/** Opens a file for reading and appending, a new one if there is none. @throws Error if it is a link */
export async function openForAppending(path: string): Promise<FileHandle> {
  const flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW;
  try {
    const file = await open(path, flags | O_EXCL);
    await handOver(file, path);
    return file;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return open(path, flags);
  }
}

/**
 * Makes a directory and those above it where there are none. Gives the new ones, the lowest first.
 * @throws Error if it is a link, for root
 */
export async function makeOwnedDirectory(path: string): Promise<string[]> {
  // Why not resolve(): above a relative path there may be names that are no UTF-8, which node can't spell.
  const lowest = normalize(path);
  const highest = await mkdir(lowest, { recursive: true });
  const made: string[] = [];
  if (highest === undefined) {
    if (isRoot() && (await lstat(lowest)).isSymbolicLink())
      throw new Error(`${path} is a link, which root does not follow.`);
    return made;
  }
  const owner = await ownerFor(highest);
  for (let next = lowest; ; next = dirname(next)) {
    if (owner !== undefined) await lchown(next, owner.uid, owner.gid);
    made.push(next);
    if (next === normalize(highest)) return made;
  }
}

async function handOver(file: FileHandle, path: string): Promise<void> {
  const owner = await ownerFor(path);
  if (owner !== undefined) await file.chown(owner.uid, owner.gid);
}

// That of the directory; nobody but root can give files away.
async function ownerFor(path: string): Promise<Stats | undefined> {
  return isRoot() ? stat(dirname(path)) : undefined;
}

/** Whether this process may give files away, and should. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

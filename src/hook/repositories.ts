// Finds repositories: the one a path names, or those below it.
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Gives the git directories that a path stands for: its own, that of its worktree, or all below it in order. Links are not
 * followed, and directories that can't be read are passed over.
 */
export async function* findRepositories(path: string): AsyncGenerator<string, void, undefined> {
  const own = await findOwn(path);
  if (own !== undefined) yield own;
  else for (const name of await listDirectories(path)) yield* findRepositories(join(path, name));
}

async function findOwn(path: string): Promise<string | undefined> {
  for (const candidate of [path, join(path, '.git')]) {
    if (await isGitDirectory(candidate)) return candidate;
  }
  return undefined;
}

// Source: git's own test, is_git_directory() in setup.c
async function isGitDirectory(path: string): Promise<boolean> {
  const parts = await Promise.allSettled(['HEAD', 'objects', 'refs'].map((name) => lstat(join(path, name))));
  return parts.every(({ status }) => status === 'fulfilled');
}

async function listDirectories(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted();
}

// Finds repositories: the one a path names, or those below it.
import { isUtf8 } from 'node:buffer';
import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/**
 * Gives the git directories that a path stands for, each once: its own, that of its worktree, or all below it in order.
 * For a linked worktree that is the directory it has in common with others. Links are not followed, directories that can't
 * be read are passed over, and so are those whose name is no UTF-8, which `onUnnamable` gets as well as it can be written.
 */
export async function* findRepositories(
  path: string,
  onUnnamable: (path: string) => void = () => undefined,
): AsyncGenerator<string, void, undefined> {
  const seen = new Set<string>();
  for await (const repository of walk(path, onUnnamable)) {
    const canonical = await realpath(repository);
    if (!seen.has(canonical)) yield repository;
    seen.add(canonical);
  }
}

async function* walk(
  path: string,
  onUnnamable: (path: string) => void,
): AsyncGenerator<string, void, undefined> {
  const own = await findOwn(path);
  if (own !== undefined) yield own;
  for (const name of own === undefined ? await listDirectories(path) : []) {
    const below = join(path, name.toString());
    if (isUtf8(name)) yield* walk(below, onUnnamable);
    else onUnnamable(below);
  }
}

async function findOwn(path: string): Promise<string | undefined> {
  for (const candidate of [path, join(path, '.git')]) {
    const directory = await findCommon(await findGitDirectory(candidate));
    if (await isGitDirectory(directory)) return directory;
  }
  return undefined;
}

// Source: gitrepository-layout(5): a `.git` that is a file names the directory, relative to where it lies
async function findGitDirectory(path: string): Promise<string> {
  const [, name] = /^gitdir: (.+)$/m.exec(await readSmallFile(path)) ?? [];
  return name === undefined ? path : resolve(dirname(path), name);
}

// Source: gitrepository-layout(5), commondir
async function findCommon(path: string): Promise<string> {
  const name = (await readSmallFile(join(path, 'commondir'))).trimEnd();
  return name === '' ? path : resolve(path, name);
}

async function readSmallFile(path: string): Promise<string> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() === true ? readFile(path, 'utf8').catch(() => '') : '';
}

// Source: git's own test, is_git_directory() in setup.c
async function isGitDirectory(path: string): Promise<boolean> {
  const parts = await Promise.allSettled(['HEAD', 'objects', 'refs'].map((name) => lstat(join(path, name))));
  return parts.every(({ status }) => status === 'fulfilled');
}

async function listDirectories(path: string): Promise<Buffer[]> {
  const entries = await readdir(path, { withFileTypes: true, encoding: 'buffer' }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted((one, other) => Buffer.compare(one, other));
}

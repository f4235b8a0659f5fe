// Where a repository's post-receive hook belongs and what lies there now. Reads only.
import { lstat, readFile, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Git } from './git.ts';

/** In the first lines of a script that `gitpubsub hook install` made to run two hooks. */
export const CHAIN_MARK = '# Made by `gitpubsub hook install`';

// In the first lines of hooks/post-receive, in every version.
const HOOK_MARK = '# GitPubSub: announces every push to this repository.';

/** What lies at the place: ours as it is now, a copy of any version, a script that runs ours and another, or another. */
export type Occupant = 'nothing' | 'link' | 'copy' | 'chain' | 'other';

/** The place of the hook in one repository. */
export interface HookPlace {
  readonly path: string;
  readonly occupant: Occupant;
}

/** Finds the place, given the hook as it is shipped. @throws Error if git or the files can't be read */
export async function findHookPlace(git: Git, gitDirectory: string, shippedHook: string): Promise<HookPlace> {
  const path = await findPath(git, gitDirectory);
  return { path, occupant: await findOccupant(path, shippedHook) };
}

// Gitea and Forgejo run every file in post-receive.d, GitLab those below custom_hooks; neither wants its own file touched.
async function findPath(git: Git, gitDirectory: string): Promise<string> {
  const { stdout } = await git.ask(['rev-parse', '--git-path', 'hooks']); // knows core.hooksPath
  const hooks = resolve(gitDirectory, stdout.toString().replace(/\n$/, ''));
  if (await isDirectory(join(hooks, 'post-receive.d'))) return join(hooks, 'post-receive.d', 'gitpubsub');
  const custom = join(gitDirectory, 'custom_hooks');
  if (await isDirectory(custom)) return join(custom, 'post-receive.d', 'gitpubsub');
  return join(hooks, 'post-receive');
}

async function findOccupant(path: string, shippedHook: string): Promise<Occupant> {
  const stats = await lstat(path).catch(() => undefined);
  if (!stats) return 'nothing';
  if (stats.isSymbolicLink() && (await isSameFile(path, shippedHook))) return 'link';
  const text = await readFile(path, 'latin1').catch(() => '');
  if (text.includes(CHAIN_MARK)) return 'chain';
  return text.includes(HOOK_MARK) ? 'copy' : 'other';
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const paths = await Promise.allSettled([realpath(one), realpath(other)]);
  const [first, second] = paths.map((path) => (path.status === 'fulfilled' ? path.value : undefined));
  return first !== undefined && first === second;
}

function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

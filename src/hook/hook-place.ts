// Where a repository's post-receive hook belongs and what lies there now. Reads only.
import { lstat, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Git } from './git.ts';

/** The hook as it is shipped. */
export const SHIPPED_HOOK: string = fileURLToPath(new URL('../../hooks/post-receive', import.meta.url));

/** In the first lines of a script that `gitpubsub hook install` made to run two hooks. */
export const CHAIN_MARK = '# Made by `gitpubsub hook install`';

// In the first lines of hooks/post-receive, in every version.
const HOOK_MARK = '# GitPubSub: announces every push to this repository.';

/** What the hook that was there before is called, beside the script with that mark. */
export const OTHER_SUFFIX = '.before-gitpubsub';

/**
 * What lies at the place: a link to ours as it is now, one to that of another installation, one that leads nowhere, a copy of any version, a script
 * that runs ours and another, one whose other finds nothing under its new name (as older versions left it), or another.
 */
export type Occupant =
  'nothing' | 'link' | 'foreign-link' | 'dangling-link' | 'copy' | 'chain' | 'broken-chain' | 'other';

/** The directory whose files servers run one after the other. */
export const HOOK_DIRECTORY = 'post-receive.d';

// In a script that runs them: the directory's name, or one that is made of the script's own, in a variable or by a command.
const RUNS_DIRECTORY = /post-receive\.d\b|(?:\$\w+|\$\{[^}]*\}|\$\([^)]*\)|`[^`]*`)["']?\.d\b/;

const WITHOUT_HOOK: ReadonlySet<Occupant> = new Set(['nothing', 'dangling-link', 'other']);

/** The place of the hook in one repository. */
export interface HookPlace {
  readonly path: string;
  /** Whether it is one of several files that the server runs, so that no other hook has to be run from here. */
  readonly isOneOfSeveral: boolean;
  readonly occupant: Occupant;
}

/** Whether pushes are noted there, be it by an older version. */
export function hasHook({ occupant }: HookPlace): boolean {
  return !WITHOUT_HOOK.has(occupant);
}

/** Finds the place, given the hook as it is shipped. @throws Error if git or the files can't be read */
export async function findHookPlace(git: Git, gitDirectory: string, shippedHook: string): Promise<HookPlace> {
  const path = await findPath(git, gitDirectory);
  const isOneOfSeveral = basename(dirname(path)) === HOOK_DIRECTORY;
  const occupant = await findOccupant(path, shippedHook);
  const isBroken = occupant === 'chain' && (await runsHookDirectory(dirname(path), path + OTHER_SUFFIX));
  return { path, isOneOfSeveral, occupant: isBroken ? 'broken-chain' : occupant };
}

// The post-receive of Gitea and Forgejo runs every file in post-receive.d, GitLab those below custom_hooks; neither wants
// its own file touched.
async function findPath(git: Git, gitDirectory: string): Promise<string> {
  const { stdout } = await git.ask(['rev-parse', '--git-path', 'hooks']); // knows core.hooksPath
  const hooks = resolve(gitDirectory, stdout.toString().replace(/\n$/, ''));
  const path = join(hooks, 'post-receive');
  if (await runsHookDirectory(hooks, path)) return join(hooks, HOOK_DIRECTORY, 'gitpubsub');
  const custom = join(gitDirectory, 'custom_hooks');
  if (await isDirectory(custom)) return join(custom, HOOK_DIRECTORY, 'gitpubsub');
  return path;
}

// Why both: a directory of that name alone is run by nobody.
async function runsHookDirectory(hooks: string, script: string): Promise<boolean> {
  const text = await readFile(script, 'latin1').catch(() => '');
  return RUNS_DIRECTORY.test(text) && (await isDirectory(join(hooks, HOOK_DIRECTORY)));
}

async function findOccupant(path: string, shippedHook: string): Promise<Occupant> {
  const stats = await lstat(path).catch(() => undefined);
  if (!stats) return 'nothing';
  if (stats.isSymbolicLink() && (await isSameFile(path, shippedHook))) return 'link';
  if (stats.isSymbolicLink() && (await leadsNowhere(path))) return 'dangling-link';
  const text = await readFile(path, 'latin1').catch(() => '');
  if (text.includes(CHAIN_MARK)) return 'chain';
  if (!text.includes(HOOK_MARK)) return 'other';
  return stats.isSymbolicLink() ? 'foreign-link' : 'copy';
}

function leadsNowhere(path: string): Promise<boolean> {
  return stat(path).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
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

// Puts the hook into a repository: as a link to the one that is shipped, behind whatever hook is there already.
import { chmod, link, lstat, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GitPubSubError } from '../core/errors.ts';
import { makeDirectory } from '../files/durable-files.ts';
import { createFile } from '../files/file-owner.ts';
import { CHAIN_MARK, HOOK_DIRECTORY, OTHER_SUFFIX, type HookPlace } from './hook-place.ts';

// In a script that asks for its own name, or makes others of it; that of its directory does not count, as it stays.
const USES_OWN_NAME =
  /\bbasename\b\W*(?:0\b|BASH_SOURCE|PROGRAM_NAME|__file__|sys\.argv)|\$\{(?:0|BASH_SOURCE)##|\$\{?0\}?["']?\.\w/;

const EXECUTABLE = 0o755;
const NOT_EXECUTABLE = 0o644;

/** What installing did, as a part of a sentence for people. */
export type InstallOutcome = 'installed' | 'was installed already' | `installed ${string}`;

/**
 * Installs the hook at its place; doing it again changes nothing, but mends what an earlier version left.
 * @throws GitPubSubError `cannot-start` when another hook was moved away before and would be overwritten, or would find
 *   nothing under another name
 * @throws Error if files can't be written
 */
export async function installHook(place: HookPlace, shippedHook: string): Promise<InstallOutcome> {
  const { path, occupant, isOneOfSeveral } = place;
  if (occupant === 'link') return 'was installed already';
  // Nothing of a link needs to be kept. Why not as with a copy: what it leads to may serve other repositories.
  if (occupant === 'nothing' || occupant === 'foreign-link') {
    await putLink(path, shippedHook);
    return 'installed';
  }
  if (occupant === 'dangling-link') return await replaceDangling(path, shippedHook);
  if (occupant === 'broken-chain') return await undoChain(path, shippedHook);
  if (occupant === 'other' && !isOneOfSeveral) await refuseOwnName(path, shippedHook);
  if (occupant !== 'chain') await keepOther(path);
  if (occupant === 'copy' || isOneOfSeveral) {
    await putLink(path, shippedHook);
    // A copy of ours must not note each push a second time, where the server runs all files of the directory.
    if (occupant === 'copy') await chmod(path + OTHER_SUFFIX, NOT_EXECUTABLE);
    return `installed in the place of ${path}${OTHER_SUFFIX}`;
  }
  await putChain(path, shippedHook);
  return occupant === 'chain' ? 'was installed already' : `installed before ${path}${OTHER_SUFFIX}`;
}

async function putLink(path: string, shippedHook: string): Promise<void> {
  await makeDirectory(dirname(path));
  await replace(path, (temporary) => symlink(shippedHook, temporary));
}

// Ours first: it takes milliseconds and never fails, and then no trouble of the other can keep the push from being noted.
async function putChain(path: string, shippedHook: string): Promise<void> {
  const script = `#!/bin/sh
${CHAIN_MARK}: notes the push for GitPubSub, then runs the hook that was here before.
refs=$(cat)
printf '%s\\n' "$refs" | ${quote(shippedHook)} "$@"
[ -x "$0${OTHER_SUFFIX}" ] || exit 0
printf '%s\\n' "$refs" | "$0${OTHER_SUFFIX}" "$@"
`;
  await replace(path, async (temporary) => {
    const file = await createFile(temporary);
    await file.writeFile(script);
    await file.chmod(EXECUTABLE);
    await file.close();
  });
}

// Why not kept: git runs nothing there, and where it led is told.
async function replaceDangling(path: string, shippedHook: string): Promise<InstallOutcome> {
  const target = await readlink(path);
  await putLink(path, shippedHook);
  return `installed in the place of a link to ${target}, which led nowhere`;
}

// In this order, so that there is no moment without a hook.
async function undoChain(path: string, shippedHook: string): Promise<InstallOutcome> {
  const place = join(dirname(path), HOOK_DIRECTORY, 'gitpubsub');
  await putLink(place, shippedHook);
  await rename(path + OTHER_SUFFIX, path);
  return `installed as ${place}, where ${path} finds it, which has its name again`;
}

async function refuseOwnName(path: string, shippedHook: string): Promise<void> {
  const text = await readFile(path, 'latin1').catch(() => '');
  if (!USES_OWN_NAME.test(text)) return;
  throw new GitPubSubError(
    'cannot-start',
    `The hook ${path} goes by its own name, so it can't be kept under another; have it run ${shippedHook} with the same input.`,
  );
}

// A second name first, so that there is no moment without a hook.
async function keepOther(path: string): Promise<void> {
  try {
    await link(path, path + OTHER_SUFFIX);
  } catch (error) {
    if (await isSameFile(path, path + OTHER_SUFFIX)) return; // It was kept by an installation that did not get further.
    throw new GitPubSubError(
      'cannot-start',
      `The hook ${path} can't be kept as ${path}${OTHER_SUFFIX} (${(error as Error).message}); move one of them away first.`,
      { cause: error },
    );
  }
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([one, other].map((path) => lstat(path).catch(() => undefined)));
  return first !== undefined && first.ino === second?.ino && first.dev === second.dev;
}

async function replace(path: string, create: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${path}.gitpubsub-tmp`;
  await rm(temporary, { force: true });
  await create(temporary);
  await rename(temporary, path);
}

// For a shell, whatever is in it.
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

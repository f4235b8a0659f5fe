// `gitpubsub hook install`: puts the hook into repositories, after noting what they hold.
import { setTimeout as sleep } from 'node:timers/promises';
import { toPrintable } from '../core/printable.ts';
import { SETTLE_MS } from '../hook/delivery.ts';
import { Git } from '../hook/git.ts';
import { findHookPlace, hasHook, SHIPPED_HOOK, type HookPlace } from '../hook/hook-place.ts';
import { noteBaseline } from '../hook/initial-baseline.ts';
import { installHook } from '../hook/installation.ts';
import { repairOwners } from '../hook/owner-repair.ts';
import { umaskFor } from '../hook/shared-repository.ts';
import { forEachRepository, tryWith } from './each-repository.ts';
import { worstStatus } from './exit-status.ts';

/** Installs the hook in every repository that the paths stand for. Returns the exit status: 0 when all have it. */
export async function runHookInstall(paths: readonly string[]): Promise<number> {
  const ready: string[] = [];
  let isAnyNoted = false;
  const status = await forEachRepository(paths, async (repository) => {
    if (await prepare(repository)) isAnyNoted = true;
    ready.push(repository);
    return 0;
  });
  // Why: a push that was under way, whose commits count as announced, has looked for a hook by then.
  if (isAnyNoted) await sleep(SETTLE_MS);
  const statuses = [status];
  for (const repository of ready) statuses.push(await tryWith(repository, install));
  return worstStatus(...statuses);
}

// Why not where the hook is: its first delivery does so, and knows better which pushes are under way.
async function prepare(repository: string): Promise<boolean> {
  await repairOwners(repository);
  const git = new Git(repository, process.env);
  if (hasHook(await findHookPlace(git, repository, SHIPPED_HOOK))) return false;
  const umask = process.umask(await umaskFor(repository));
  try {
    return await noteBaseline(git, repository);
  } finally {
    process.umask(umask);
  }
}

async function install(repository: string): Promise<number> {
  const place = await findHookPlace(new Git(repository, process.env), repository, SHIPPED_HOOK);
  const outcome = await installHook(place, SHIPPED_HOOK);
  const lines = [`${repository}: ${outcome}`, ...describeSharedPlace(repository, place)];
  process.stdout.write(`${lines.map(toPrintable).join('\n')}\n`);
  return 0;
}

// With core.hooksPath one hook serves many repositories.
function describeSharedPlace(repository: string, { path }: HookPlace): string[] {
  return path.startsWith(`${repository}/`)
    ? []
    : [`  its hooks are in ${path}, which may serve other repositories, too`];
}

// `gitpubsub hook install` and `gitpubsub hook status`: puts the hook into repositories, and says how it does there.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDeliveryStatus, type DeliveryStatus } from '../hook/delivery-status.ts';
import { Git } from '../hook/git.ts';
import { findHookPlace, type HookPlace, type Occupant } from '../hook/hook-place.ts';
import { installHook } from '../hook/installation.ts';
import { findRepositories } from '../hook/repositories.ts';
import { readSettings } from '../hook/settings.ts';

const SHIPPED_HOOK = fileURLToPath(new URL('../../hooks/post-receive', import.meta.url));

const EXIT_FAILURE = 1;

const OCCUPANTS: Readonly<Record<Occupant, string>> = {
  nothing: 'not installed',
  link: 'installed',
  copy: 'installed, as a copy',
  chain: 'installed, before another hook',
  other: 'not installed; another hook is there',
};

/** Installs the hook in every repository that the paths stand for. Returns the exit status: 0 when all have it. */
export function runHookInstall(paths: readonly string[]): Promise<number> {
  return forEachRepository(paths, async (repository, place) => {
    const outcome = await installHook(place, SHIPPED_HOOK);
    return [`${repository}: ${outcome}`, ...describeSharedPlace(repository, place)];
  });
}

/** Says of every repository where it publishes, what waits and how the last delivery went. */
export function runHookStatus(paths: readonly string[]): Promise<number> {
  return forEachRepository(paths, async (repository, place, git) => [
    repository,
    `  hook       ${OCCUPANTS[place.occupant]} (${place.path})`,
    `  publishes  ${await describeTarget(git, repository)}`,
    ...describeDelivery(await readDeliveryStatus(repository)),
  ]);
}

async function forEachRepository(
  paths: readonly string[],
  describe: (repository: string, place: HookPlace, git: Git) => Promise<string[]>,
): Promise<number> {
  let status = 0;
  for (const path of paths) {
    let count = 0;
    for await (const repository of findRepositories(resolve(path))) {
      count += 1;
      try {
        const git = new Git(repository, process.env);
        const lines = await describe(repository, await findHookPlace(git, repository, SHIPPED_HOOK), git);
        process.stdout.write(`${lines.join('\n')}\n`);
      } catch (error) {
        process.stderr.write(`gitpubsub: ${repository}: ${messageOf(error)}\n`);
        status = EXIT_FAILURE;
      }
    }
    if (count > 0) continue;
    process.stderr.write(`gitpubsub: ${path}: ${await describeNothing(path)}\n`);
    status = EXIT_FAILURE;
  }
  return status;
}

async function describeNothing(path: string): Promise<string> {
  return stat(path).then(
    () => 'there is no git repository here or below',
    () => 'there is no such directory',
  );
}

// With core.hooksPath one hook serves many repositories.
function describeSharedPlace(repository: string, { path }: HookPlace): string[] {
  return path.startsWith(`${repository}/`)
    ? []
    : [`  its hooks are in ${path}, which may serve other repositories, too`];
}

// The topic of a branch; what is still in braces depends on the ref.
async function describeTarget(git: Git, repository: string): Promise<string> {
  try {
    const { broker, template, project } = await readSettings(git, repository);
    // Without the user and password that may be in it.
    const base = broker.origin + broker.pathname.replace(/\/+$/, '');
    return base + template.replaceAll('{project}', project.text);
  } catch (error) {
    return `nothing: ${messageOf(error)}`;
  }
}

function describeDelivery(status: DeliveryStatus): string[] {
  const { waiting, lastDelivery, lastError, deadLetterCount } = status;
  const since =
    waiting.sinceMs === undefined ? '' : `, the first since ${new Date(waiting.sinceMs).toISOString()}`;
  return [
    `  waiting    ${waiting.pushCount === 1 ? '1 push' : `${waiting.pushCount} pushes`}${since}`,
    `  delivered  ${lastDelivery ?? 'nothing yet'}`,
    ...(lastError ? [`  trouble    ${lastError.message} (${lastError.time})`] : []),
    ...(deadLetterCount > 0 ? [`  refused    ${deadLetterCount}, see gitpubsub/dead-letter.ndjson`] : []),
  ];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

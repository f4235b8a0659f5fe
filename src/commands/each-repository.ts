// What the commands for repositories share: the way to each of them, and what they say and return where one fails.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { toOneLine, toPrintable } from '../core/printable.ts';
import { findRepositories } from '../hook/repositories.ts';
import { EXIT_FAILURE, EXIT_USAGE, exitStatusFor, worstStatus } from './exit-status.ts';

/** Does something with one repository, and returns the exit status. */
export type RepositoryAction = (repository: string) => Promise<number>;

/** Does it with every repository that the paths stand for, whatever becomes of others. Returns the worst exit status. */
export async function forEachRepository(paths: readonly string[], action: RepositoryAction): Promise<number> {
  const statuses = [0];
  for (const path of paths) {
    const before = statuses.length;
    const onUnnamable = (below: string): void => {
      tell(below, 'what is here or below is passed over, as the name is no UTF-8');
      statuses.push(EXIT_FAILURE);
    };
    for await (const repository of findRepositories(resolve(path), onUnnamable)) {
      statuses.push(await tryWith(repository, action));
    }
    if (statuses.length === before) statuses.push(await tellNothing(path));
  }
  return worstStatus(...statuses);
}

/** Does it with one repository, and tells what goes wrong. Returns the exit status. */
export async function tryWith(repository: string, action: RepositoryAction): Promise<number> {
  try {
    return await action(repository);
  } catch (error) {
    tell(repository, error instanceof Error ? error.message : String(error));
    return exitStatusFor(error);
  }
}

async function tellNothing(path: string): Promise<number> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  const missing = isNamable(path)
    ? 'there is no such directory'
    : 'this can not be found, as its path is no UTF-8';
  tell(path, isThere ? 'there is no git repository here or below' : missing);
  return isThere ? EXIT_FAILURE : EXIT_USAGE;
}

// Node puts this character for bytes that are no UTF-8.
function isNamable(path: string): boolean {
  return !resolve(path).includes('\uFFFD');
}

function tell(path: string, message: string): void {
  process.stderr.write(`gitpubsub: ${toPrintable(path)}: ${toOneLine(message)}\n`);
}

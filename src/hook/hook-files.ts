// Where the hook keeps its things in a repository, as docs/hook.md lists them. Names only: reads and writes nothing.
import { join } from 'node:path';

/** The paths of what the hook keeps in one repository. */
export interface HookFiles {
  readonly directory: string;
  readonly spool: string;
  readonly outbox: string;
  readonly announced: string;
  readonly deadLetters: string;
  readonly status: string;
  readonly journal: string;
  readonly lock: string;
}

/** Names them, given the git directory; the common one, where there are linked worktrees. */
export function hookFilesOf(gitDirectory: string): HookFiles {
  const directory = join(gitDirectory, 'gitpubsub');
  return {
    directory,
    spool: join(directory, 'spool'),
    outbox: join(directory, 'outbox'),
    announced: join(directory, 'announced.json'),
    deadLetters: join(directory, 'dead-letter.ndjson'),
    status: join(directory, 'status.json'),
    journal: join(directory, 'log'),
    lock: join(directory, 'lock'),
  };
}

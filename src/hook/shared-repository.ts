// Repositories that a group of accounts shares: what the hook writes there is the group's, as what git writes is.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The file mode creation mask for a repository, given the one of the process. */
export async function umaskFor(gitDirectory: string, umask: number): Promise<number> {
  const { mode } = await stat(join(gitDirectory, 'objects'));
  return (mode & 0o020) === 0 ? umask : umask & ~0o070;
}

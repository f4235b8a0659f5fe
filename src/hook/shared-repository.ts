// Repositories that a group of accounts shares: what the hook writes there is the group's, as what git writes is.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The file mode creation mask for a repository, given the one of the process, which stays where there is no telling. */
export async function umaskFor(gitDirectory: string, umask: number): Promise<number> {
  const stats = await stat(join(gitDirectory, 'objects')).catch(() => undefined);
  return stats === undefined || (stats.mode & 0o020) === 0 ? umask : umask & ~0o070;
}

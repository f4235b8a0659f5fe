// Repositories that a group of accounts shares: what the hook writes there is the group's, as what git writes is.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

const ONLY_OWNER = 0o077;
const OWNER_AND_GROUP = 0o007;

/** The file mode creation mask for what the hook keeps in a repository. Why never for all: a URL may hold a password. */
export async function umaskFor(gitDirectory: string): Promise<number> {
  const stats = await stat(join(gitDirectory, 'objects')).catch(() => undefined);
  return stats === undefined || (stats.mode & 0o020) === 0 ? ONLY_OWNER : OWNER_AND_GROUP;
}

// Gives the account of a repository what root has made there for itself alone, as older versions of the hook let it: until
// then that account could note no push.
import { constants, type Stats } from 'node:fs';
import { lchown, open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { isRoot } from '../files/file-owner.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

const ROOT = 0;

const WRITABLE_BY_OTHERS = 0o022;

// All that the hook and its deliveries make in their directories.
const OWN_NAME = /\.(?:push|batches|json|ndjson|tmp|damaged)$|^(?:log|log\.old|lock|spool|outbox)$/;

/** Does so as root, and nothing as anyone else. Resolves always: whoever goes on says what can't be read. */
export async function repairOwners(gitDirectory: string): Promise<void> {
  if (!isRoot()) return;
  await within(gitDirectory, async (repository) => {
    const owner = await repository.stat();
    await repair(repository, 'gitpubsub', owner, async (directory) => {
      for (const name of ['spool', 'outbox']) await repair(directory, name, owner);
    });
  }).catch(ignore);
}

async function repair(
  parent: FileHandle,
  name: string,
  { uid, gid }: Stats,
  repairBelow: (directory: FileHandle) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await within(join(pathOf(parent), name), async (directory) => {
    await repairBelow(directory);
    if (!(await isRootsOwn(directory))) return;
    for (const each of await readdir(pathOf(directory)))
      await lchown(join(pathOf(directory), each), uid, gid);
    await directory.chown(uid, gid);
  });
}

// Why only this: nobody else can have put a file of root's there that was meant to stay so.
async function isRootsOwn(directory: FileHandle): Promise<boolean> {
  const { uid, mode } = await directory.stat();
  if (uid !== ROOT || (mode & WRITABLE_BY_OTHERS) !== 0) return false;
  return (await readdir(pathOf(directory))).every((name) => OWN_NAME.test(name));
}

// Why: whatever is moved or linked meanwhile, this is the directory that was opened. Where there is no /proc, nothing is repaired.
function pathOf(directory: FileHandle): string {
  return `/proc/self/fd/${directory.fd}`;
}

async function within(path: string, action: (directory: FileHandle) => Promise<void>): Promise<void> {
  const directory = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch(() => undefined);
  if (directory === undefined) return;
  await action(directory).finally(() => directory.close());
}

function ignore(): void {}

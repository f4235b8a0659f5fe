// What a repository holds when the hook is put there: from then on it counts as announced. Where nobody has noted it so, the
// first delivery does.
import { readAnnounced, writeAnnounced } from './announced.ts';
import { listRefs, takeBaseline } from './baseline.ts';
import { takeLock } from './delivery-lock.ts';
import type { Git } from './git.ts';
import { hookFilesOf } from './hook-files.ts';
import { PushQueue } from './push-queue.ts';
import { Spool } from './spool.ts';

/**
 * Notes what the refs name as announced, unless something is noted, or a delivery is at work, which does so.
 * Gives whether any ref was noted.
 */
export async function noteBaseline(git: Git, gitDirectory: string): Promise<boolean> {
  const files = hookFilesOf(gitDirectory);
  const lock = await takeLock(files.lock, 0);
  if (lock === undefined) return false;
  try {
    if ((await readAnnounced(files.announced)) !== undefined) return false;
    // Of pushes that wait since there was a hook before.
    const queue = new PushQueue(new Spool(files.spool), files.journal, 0);
    const baseline = await takeBaseline(git, await listRefs(git), await queue.listUpdates());
    queue.checkUnread();
    await writeAnnounced(files.announced, baseline);
    return baseline.refs.size > 0;
  } finally {
    await lock.release();
  }
}

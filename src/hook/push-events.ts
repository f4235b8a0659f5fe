// From a planned push to its events, in the order they are published. Holds one event at a time.
import type { CommitEvent, PushEvent } from '../core/commit-event.ts';
import { readChangedFiles } from './changed-files.ts';
import { describeCommit } from './commit-details.ts';
import type { Git } from './git.ts';
import { readObjects } from './objects.ts';
import { describePush } from './push-details.ts';
import type { PlannedRef } from './push-plan.ts';
import type { RefUpdate } from './ref-update.ts';
import type { Text } from './text.ts';

/** An event on its way out. */
export interface OutgoingEvent {
  /** The ref it belongs to, which decides its topic. */
  readonly update: RefUpdate;
  readonly event: CommitEvent | PushEvent;
}

/** Makes the events of a push: for each ref its new commits, parents first, then the push itself. */
export async function* makePushEvents(
  git: Git,
  plan: readonly PlannedRef[],
  project: Text,
  pusher: string | null,
): AsyncGenerator<OutgoingEvent, void, undefined> {
  // Why: one git of each kind reads for all refs together, side by side; no process per commit.
  const commits = plan.flatMap((ref) => ref.commits);
  const hashes = commits.map((commit) => commit.hash);
  const objects = readObjects(git, hashes);
  const changes = readChangedFiles(git, commits);
  try {
    for (const ref of plan) {
      const { update } = ref;
      for (let left = ref.commits.length; left > 0; left--) {
        yield {
          update,
          event: describeCommit(project, update, await takeNext(objects), await takeNext(changes)),
        };
      }
      yield { update, event: describePush(project, pusher, ref) };
    }
  } finally {
    await objects.return();
    await changes.return();
  }
}

async function takeNext<T>(values: AsyncGenerator<T, void, undefined>): Promise<T> {
  const next = await values.next();
  if (next.done === true) throw new Error('git described fewer commits than it was asked for.');
  return next.value;
}

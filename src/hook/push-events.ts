// From a planned push to its events, in the order they are published. Holds one event at a time.
import type { Text } from '../core/text.ts';
import type { OutgoingEvent, Target } from './batch.ts';
import { readChangedFiles } from './changed-files.ts';
import { describeCommit } from './commit-details.ts';
import type { Git } from './git.ts';
import { readObjects } from './objects.ts';
import { describePush } from './push-details.ts';
import type { PlannedRef } from './push-plan.ts';
import type { RefUpdate } from './ref-update.ts';
import type { SpooledPush } from './spooled-push.ts';

/** What the events of a push say beside its plan. */
export interface PushContext {
  readonly project: Text;
  readonly push: SpooledPush;
  /** Where the events of a ref go. */
  readonly targetFor: (update: RefUpdate) => Target;
}

/**
 * Makes the events of a push: for each ref its new commits, parents first, then the push itself.
 * @throws UnreadableHistory if an object is missing
 */
export async function* makePushEvents(
  git: Git,
  plan: readonly PlannedRef[],
  { project, push, targetFor }: PushContext,
): AsyncGenerator<OutgoingEvent, void, undefined> {
  // Why: one git of each kind reads for all refs together, side by side; no process per commit.
  const commits = plan.flatMap((ref) => ref.commits);
  const hashes = commits.map((commit) => commit.hash);
  const objects = readObjects(git, hashes);
  const changes = readChangedFiles(git, commits);
  try {
    for (const ref of plan) {
      const { update } = ref;
      const target = targetFor(update);
      for (let left = ref.commits.length; left > 0; left--) {
        const event = describeCommit(project, update, await takeNext(objects), await takeNext(changes));
        yield { ...target, event };
      }
      yield { ...target, event: describePush(project, push, ref) };
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

// What a push amounts to: for each of its refs what happened to it and which commits are announced with it.
import type { PushAction, TagDetails } from '../core/commit-event.ts';
import type { Git } from './git.ts';
import { findNewCommits, type NewCommit } from './new-commits.ts';
import { readObjects } from './objects.ts';
import { isZero, type RefUpdate } from './ref-update.ts';
import { describeTag } from './tag-details.ts';

/** What is announced of one ref: its commits, parents first, then the ref itself. */
export interface PlannedRef {
  readonly update: RefUpdate;
  readonly action: PushAction;
  readonly tag: TagDetails | undefined;
  readonly commits: readonly NewCommit[];
}

/** Works out what to announce of a push, given the objects whose history has been announced before it. */
export async function planPush(
  git: Git,
  updates: readonly RefUpdate[],
  known: readonly string[],
): Promise<PlannedRef[]> {
  const present = updates.filter((update) => !isZero(update.after));
  const shares = await findNewCommits(
    git,
    present.map((update) => update.after),
    known,
  );
  const commitsOf = new Map(present.map((update, index) => [update, shares[index]]));
  const tags = await readTags(git, present);
  const plan: PlannedRef[] = [];
  for (const update of updates) {
    const action = await findAction(git, update);
    plan.push({ update, action, tag: tags.get(update.after), commits: commitsOf.get(update) ?? [] });
  }
  return plan;
}

/** How many events a plan makes. */
export function countEvents(plan: readonly PlannedRef[]): number {
  return plan.reduce((count, ref) => count + ref.commits.length + 1, 0);
}

async function findAction(git: Git, { before, after }: RefUpdate): Promise<PushAction> {
  if (isZero(before)) return 'created';
  if (isZero(after)) return 'deleted';
  // Why 128 is expected: no ancestry can be told of a tree or blob, nor of an object that is gone.
  const { status } = await git.ask(['merge-base', '--is-ancestor', before, after], [0, 1, 128]);
  return status === 0 ? 'updated' : 'forced';
}

async function readTags(git: Git, updates: readonly RefUpdate[]): Promise<Map<string, TagDetails>> {
  const tags = new Map<string, TagDetails>();
  const hashes = updates.filter((update) => update.type !== 'branch').map((update) => update.after);
  for await (const object of readObjects(git, hashes)) {
    if (object.type === 'tag') tags.set(object.hash, describeTag(object));
  }
  return tags;
}

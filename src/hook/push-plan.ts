// What a push amounts to: for each of its refs what happened to it and which commits are announced with it.
import type { PushAction, TagDetails } from '../core/commit-event.ts';
import { isZero } from '../core/ref.ts';
import type { Git } from './git.ts';
import { findNewCommits, type KnownCommits, type NewCommit } from './new-commits.ts';
import { peelReadable, peelToCommits, readObjects } from './objects.ts';
import { findAction } from './push-action.ts';
import type { RefUpdate } from './ref-update.ts';
import { describeTag } from './tag-details.ts';

/** What is announced of one ref: its commits, parents first, then the ref itself. */
export interface PlannedRef {
  readonly update: RefUpdate;
  readonly action: PushAction;
  readonly tag: TagDetails | undefined;
  /** The commit that the ref names now, itself or by a tag; undefined if there is none, or it is gone. */
  readonly tip: string | undefined;
  readonly commits: readonly NewCommit[];
  /** Objects were gone before they could be announced. */
  readonly isIncomplete: boolean;
}

/**
 * Works out what to announce of a push, given what has been announced before it.
 * @throws UnreadableHistory if something below the refs' new values is missing, or anything can't be read
 */
export async function planPush(
  git: Git,
  updates: readonly RefUpdate[],
  known: KnownCommits,
): Promise<PlannedRef[]> {
  const refs = await findTips(git, updates, peelToCommits);
  const tips = refs.map(({ tip }) => tip);
  const shares = await findNewCommits(git, tips, known);
  const tags = await readTags(git, refs);
  const parentsOf = new Map(shares.flat().map(({ hash, parents }) => [hash, parents]));
  const plan: PlannedRef[] = [];
  for (const [index, ref] of refs.entries()) {
    const action = await findAction(git, ref, parentsOf);
    plan.push({ ...ref, action, tag: tags.get(ref.update.after), commits: shares[index] ?? [] });
  }
  return plan;
}

/** What can be told of a push whose history can't be read: that there was one. */
export async function planUnreadablePush(git: Git, updates: readonly RefUpdate[]): Promise<PlannedRef[]> {
  const plan: PlannedRef[] = [];
  for (const ref of await findTips(git, updates, peelReadable)) {
    const action = await findAction(git, ref, new Map());
    plan.push({ ...ref, action, tag: undefined, commits: [], isIncomplete: !isZero(ref.update.after) });
  }
  return plan;
}

type RefTip = Pick<PlannedRef, 'update' | 'tip' | 'isIncomplete'>;

async function findTips(
  git: Git,
  updates: readonly RefUpdate[],
  peel: typeof peelToCommits,
): Promise<RefTip[]> {
  const hashes = new Set(updates.map(({ after }) => after).filter((after) => !isZero(after)));
  const peeled = await peel(git, [...hashes]);
  return updates.map((update) => ({
    update,
    tip: peeled.get(update.after),
    isIncomplete: !isZero(update.after) && !peeled.has(update.after),
  }));
}

async function readTags(git: Git, refs: readonly RefTip[]): Promise<Map<string, TagDetails>> {
  const tags = new Map<string, TagDetails>();
  const hashes = refs
    .filter(({ update, isIncomplete }) => update.type !== 'branch' && !isZero(update.after) && !isIncomplete)
    .map(({ update }) => update.after);
  for await (const object of readObjects(git, hashes)) {
    if (object.type === 'tag') tags.set(object.hash, describeTag(object));
  }
  return tags;
}

// What a push amounts to: for each of its refs what happened to it and which commits are announced with it.
import type { PushAction, TagDetails } from '../core/commit-event.ts';
import type { Git } from './git.ts';
import { findNewCommits, type KnownCommits, type NewCommit } from './new-commits.ts';
import { peelReadable, peelToCommits, readObjects } from './objects.ts';
import { isZero, type RefUpdate } from './ref-update.ts';
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
  const refs = await planRefs(git, updates, peelToCommits);
  const shares = await findNewCommits(
    git,
    refs.map(({ tip }) => tip),
    known,
  );
  const tags = await readTags(git, refs);
  return refs.map((ref, index) => ({
    ...ref,
    tag: tags.get(ref.update.after),
    commits: shares[index] ?? [],
  }));
}

/** What can be told of a push whose history can't be read: that there was one. */
export async function planUnreadablePush(git: Git, updates: readonly RefUpdate[]): Promise<PlannedRef[]> {
  const refs = await planRefs(git, updates, peelReadable);
  return refs.map((ref) => ({ ...ref, isIncomplete: !isZero(ref.update.after) }));
}

async function planRefs(
  git: Git,
  updates: readonly RefUpdate[],
  peel: typeof peelToCommits,
): Promise<PlannedRef[]> {
  const hashes = new Set(updates.map(({ after }) => after).filter((after) => !isZero(after)));
  const peeled = await peel(git, [...hashes]);
  const refs: PlannedRef[] = [];
  for (const update of updates) {
    const { after } = update;
    refs.push({
      update,
      action: await findAction(git, update),
      tag: undefined,
      tip: peeled.get(after),
      commits: [],
      isIncomplete: !isZero(after) && !peeled.has(after),
    });
  }
  return refs;
}

async function findAction(git: Git, { before, after }: RefUpdate): Promise<PushAction> {
  if (isZero(before)) return 'created';
  if (isZero(after)) return 'deleted';
  // Why 128 is expected: no ancestry can be told of a tree or blob, nor of an object that is gone.
  const { status } = await git.ask(['merge-base', '--is-ancestor', before, after], [0, 1, 128]);
  return status === 0 ? 'updated' : 'forced';
}

async function readTags(git: Git, refs: readonly PlannedRef[]): Promise<Map<string, TagDetails>> {
  const tags = new Map<string, TagDetails>();
  const hashes = refs
    .filter(({ update, isIncomplete }) => update.type !== 'branch' && !isZero(update.after) && !isIncomplete)
    .map(({ update }) => update.after);
  for await (const object of readObjects(git, hashes)) {
    if (object.type === 'tag') tags.set(object.hash, describeTag(object));
  }
  return tags;
}

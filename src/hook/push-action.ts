// What happened to a ref: whether it was made, moved ahead, forced elsewhere or deleted.
import type { PushAction } from '../core/commit-event.ts';
import { isZero } from '../core/ref.ts';
import type { Git } from './git.ts';
import type { RefUpdate } from './ref-update.ts';

/** A ref, and the commit that it names now. */
interface MovedRef {
  readonly update: RefUpdate;
  readonly tip: string | undefined;
}

// How many new commits are looked at for a ref before git is asked, which takes about as long.
const MAX_LOOK_COUNT = 10_000;

/** Finds out, given the parents of commits that are new, as many as are known. */
export async function findAction(
  git: Git,
  { update: { before, after }, tip }: MovedRef,
  parentsOf: ReadonlyMap<string, readonly string[]>,
): Promise<PushAction> {
  if (isZero(before)) return 'created';
  if (isZero(after)) return 'deleted';
  // Why: a push may move thousands of refs ahead, and git answers for one at a time.
  if (tip !== undefined && leadsTo(parentsOf, tip, before)) return 'updated';
  // Why 128 is expected: no ancestry can be told of a tree or blob, nor of an object that is gone.
  const { status } = await git.ask(['merge-base', '--is-ancestor', before, after], [0, 1, 128]);
  return status === 0 ? 'updated' : 'forced';
}

// Whether new commits lead from one commit back to another, as far as a look at the nearest of them tells.
function leadsTo(parentsOf: ReadonlyMap<string, readonly string[]>, from: string, to: string): boolean {
  const seen = new Set([from]);
  for (const hash of seen) {
    if (hash === to) return true;
    if (seen.size > MAX_LOOK_COUNT) return false;
    for (const parent of parentsOf.get(hash) ?? []) seen.add(parent);
  }
  return false;
}

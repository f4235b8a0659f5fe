// Refs as a push names them: what kind they are, what they are called, and what stands for none.
import type { RefType } from './commit-event.ts';

const BRANCHES = 'refs/heads/';
const TAGS = 'refs/tags/';

/** The kind of a ref, by its full name. */
export function refType(ref: string): RefType {
  if (ref.startsWith(BRANCHES)) return 'branch';
  return ref.startsWith(TAGS) ? 'tag' : 'other';
}

/** The name without `refs/heads/` for a branch; for everything else the full name. */
export function branchOrRef(ref: string): string {
  return ref.startsWith(BRANCHES) ? ref.slice(BRANCHES.length) : ref;
}

/** Whether it is the name of nothing: the value of a ref before it was made and after it was deleted. */
export function isZero(hash: string): boolean {
  return /^0+$/.test(hash);
}

/** The first 7 digits of a hash. Why fixed: git's own short form depends on the repository and on the day. */
export function shortHash(hash: string): string {
  return hash.slice(0, 7);
}

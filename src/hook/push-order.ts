// In which order waiting pushes are announced: that in which they changed the refs, as far as these tell. Pure: knows no files.
import { isZero } from '../core/ref.ts';
import { walkMoves, type Move } from './ref-walk.ts';
import type { SpooledPush } from './spooled-push.ts';

/** A push in its place. */
export interface OrderedPush {
  readonly name: string;
  readonly push: SpooledPush;
  /** A ref was not what is known of it: the push that made it so may be missing. */
  readonly isOdd: boolean;
}

/** What is known of refs; what is not there does not exist. */
type KnownRefs = ReadonlyMap<string, string>;

const NOTHING = '';

/**
 * Puts pushes in order, given what the refs were before them. Each ref goes from value to value; the order of names, which is
 * that of the clock, decides only where that leaves a choice. Every push has its place in the end.
 */
export function orderPushes(pushes: ReadonlyMap<string, SpooledPush>, refs: KnownRefs): OrderedPush[] {
  const names = [...pushes.keys()].toSorted();
  const followers = new Followers();
  for (const [ref, moves] of movesByRef(names, pushes)) {
    const walk = walkMoves(moves, valueOf(refs.get(ref)));
    for (const [index, { name }] of walk.entries()) followers.add(walk[index - 1]?.name, name);
  }
  return toOrdered(followers.putInOrder(names), pushes, refs);
}

function movesByRef(
  names: readonly string[],
  pushes: ReadonlyMap<string, SpooledPush>,
): ReadonlyMap<string, readonly Move[]> {
  const moves = new Map<string, Move[]>();
  for (const name of names) {
    for (const { refBytes, before, after } of pushes.get(name)?.updates ?? []) {
      const move = { name, before: valueOf(before), after: valueOf(after) };
      const others = moves.get(refBytes);
      if (others) others.push(move);
      else moves.set(refBytes, [move]);
    }
  }
  return moves;
}

function valueOf(hash: string | undefined): string {
  return hash === undefined || isZero(hash) ? NOTHING : hash;
}

/** Which pushes come after which. */
class Followers {
  readonly #followers = new Map<string, string[]>();
  readonly #waitCounts = new Map<string, number>();

  add(name: string | undefined, follower: string): void {
    if (name === undefined || name === follower) return;
    this.#followers.set(name, [...(this.#followers.get(name) ?? []), follower]);
    this.#waitCounts.set(follower, this.#waitsOf(follower) + 1);
  }

  /** The names, each after those it waits for and else as they stand; where all wait for others, the first is next. */
  putInOrder(names: readonly string[]): string[] {
    const sorted = new Set<string>();
    const ready = names.filter((name) => this.#waitsOf(name) === 0).toReversed();
    let firstLeft = 0;
    while (sorted.size < names.length) {
      while (sorted.has(names[firstLeft] ?? '')) firstLeft++;
      const next = ready.pop() ?? names[firstLeft] ?? '';
      if (sorted.has(next)) continue;
      sorted.add(next);
      for (const follower of this.#followers.get(next) ?? []) this.#release(follower, ready);
    }
    return [...sorted];
  }

  #release(name: string, ready: string[]): void {
    this.#waitCounts.set(name, this.#waitsOf(name) - 1);
    if (this.#waitsOf(name) !== 0) return;
    const index = ready.findLastIndex((other) => other > name);
    ready.splice(index + 1, 0, name);
  }

  #waitsOf(name: string): number {
    return this.#waitCounts.get(name) ?? 0;
  }
}

function toOrdered(
  names: readonly string[],
  pushes: ReadonlyMap<string, SpooledPush>,
  refs: KnownRefs,
): OrderedPush[] {
  const values = new Map(refs);
  return names.flatMap((name) => {
    const push = pushes.get(name);
    if (!push) return [];
    const isOdd = push.updates.some(
      ({ refBytes, before }) => valueOf(values.get(refBytes)) !== valueOf(before),
    );
    for (const { refBytes, after } of push.updates) values.set(refBytes, after);
    return [{ name, push, isOdd }];
  });
}

// In which order waiting pushes are announced: that in which they changed the refs, as far as these tell. Pure: knows no files.
import { isZero } from './ref-update.ts';
import type { SpooledPush } from './spooled-push.ts';

/** A push in its place. */
export interface OrderedPush {
  readonly name: string;
  readonly push: SpooledPush;
  /** A ref was not what is known of it: the push that made it so may be missing. */
  readonly isOdd: boolean;
}

/**
 * Puts pushes in order, given what the refs were before them. The order of their names, which is that of the clock, holds but
 * where a push starts from what another one made of a ref: it comes after that. Every push has its place in the end.
 */
export function orderPushes(
  pushes: ReadonlyMap<string, SpooledPush>,
  refs: ReadonlyMap<string, string>,
): OrderedPush[] {
  const line = new Line(pushes, refs);
  return Array.from(pushes, () => line.takeNext());
}

interface Candidate {
  readonly name: string;
  readonly push: SpooledPush;
  readonly steps: readonly Step[];
}

/** What a push did to a ref, from state to state. */
interface Step {
  readonly ref: string;
  readonly before: string;
  readonly after: string;
}

function toCandidate([name, push]: [string, SpooledPush]): Candidate {
  const steps = push.updates.map(({ refBytes: ref, before, after }) => ({
    ref,
    before: stateOf(ref, before),
    after: stateOf(ref, after),
  }));
  return { name, push, steps };
}

function stateOf(ref: string, hash: string): string {
  return `${isZero(hash) ? '' : hash} ${ref}`;
}

/** The pushes that have no place yet. Why not simply looking for the next each time: thousands may wait, in any order. */
class Line {
  readonly #states: Map<string, string>;
  // How many pushes lead to a state.
  readonly #leads = new Map<string, number>();
  // By their names, the first last.
  readonly #open: Candidate[];
  // By the state that they start from, and that another one leads to.
  readonly #parked = new Map<string, Candidate[]>();

  constructor(pushes: ReadonlyMap<string, SpooledPush>, refs: ReadonlyMap<string, string>) {
    this.#states = new Map([...refs].map(([ref, hash]) => [ref, stateOf(ref, hash)]));
    this.#open = [...pushes].map(toCandidate).toSorted((a, b) => (a.name < b.name ? 1 : -1));
    for (const { steps } of this.#open) for (const { after } of steps) this.#count(after, 1);
  }

  takeNext(): OrderedPush {
    const { name, push, steps } = this.#findReady() ?? this.#takeParked();
    const isOdd = !steps.every((step) => this.#isKnown(step));
    for (const { ref, after } of steps) {
      this.#states.set(ref, after);
      this.#count(after, -1);
      this.#reopen(after);
    }
    return { name, push, isOdd };
  }

  #findReady(): Candidate | undefined {
    for (let next = this.#open.pop(); next !== undefined; next = this.#open.pop()) {
      const obstacle = next.steps.find((step) => !this.#isKnown(step) && this.#isLedTo(step.before));
      if (obstacle === undefined) return next;
      const parked = this.#parked.get(obstacle.before);
      if (parked === undefined) this.#parked.set(obstacle.before, [next]);
      else parked.push(next);
    }
    return undefined;
  }

  // All go in circles: then the first of them.
  #takeParked(): Candidate {
    this.#open.push(...[...this.#parked.values()].flat().toSorted((a, b) => (a.name < b.name ? 1 : -1)));
    this.#parked.clear();
    const first = this.#open.pop();
    if (first === undefined) throw new TypeError('Nobody waits.');
    return first;
  }

  #reopen(state: string): void {
    for (const candidate of this.#parked.get(state) ?? []) {
      const index = this.#open.findLastIndex(({ name }) => name > candidate.name);
      this.#open.splice(index + 1, 0, candidate);
    }
    this.#parked.delete(state);
  }

  #isKnown({ ref, before }: Step): boolean {
    return before === (this.#states.get(ref) ?? stateOf(ref, '0'));
  }

  #isLedTo(state: string): boolean {
    return (this.#leads.get(state) ?? 0) > 0;
  }

  #count(state: string, number: number): void {
    this.#leads.set(state, (this.#leads.get(state) ?? 0) + number);
  }
}

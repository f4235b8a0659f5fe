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
  const values = new Map([...refs].map(([ref, hash]) => [ref, stateOf(ref, hash)]));
  const waiting = new Set([...pushes].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(toCandidate));
  const leads = new Map<string, number>(); // how many of them lead to a state
  for (const { steps } of waiting) for (const { after } of steps) addTo(leads, after, 1);
  const ordered: OrderedPush[] = [];
  for (let next = pick(waiting, values, leads); next !== undefined; next = pick(waiting, values, leads)) {
    const isOdd = !next.steps.every((step) => isKnown(step, values));
    ordered.push({ name: next.name, push: next.push, isOdd });
    waiting.delete(next);
    for (const { ref, after } of next.steps) {
      values.set(ref, after);
      addTo(leads, after, -1);
    }
  }
  return ordered;
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

// The first that does not start from what another one leads to. In a circle all do: then the first of all.
function pick(
  waiting: ReadonlySet<Candidate>,
  values: ReadonlyMap<string, string>,
  leads: ReadonlyMap<string, number>,
): Candidate | undefined {
  for (const candidate of waiting) {
    const isReady = candidate.steps.every(
      (step) => isKnown(step, values) || (leads.get(step.before) ?? 0) === 0,
    );
    if (isReady) return candidate;
  }
  const [first] = waiting;
  return first;
}

function isKnown({ ref, before }: Step, values: ReadonlyMap<string, string>): boolean {
  return before === (values.get(ref) ?? stateOf(ref, '0'));
}

function addTo(counts: Map<string, number>, key: string, number: number): void {
  counts.set(key, (counts.get(key) ?? 0) + number);
}

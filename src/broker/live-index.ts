// The topic index: which live subscriptions get an event, found by its topic and the topics above it.
import type { Event } from '../core/event.ts';
import { admits, lazyFacts, type Selection } from '../core/selection.ts';
import { selfAndAncestors, type Topic } from '../core/topic.ts';

/** Members that want the same events. */
export interface Group<Member> {
  readonly selection: Selection;
  readonly members: ReadonlySet<Member>;
}

/** What becomes of some events. */
export interface Distribution<Member> {
  /** The events of each group that wants any. */
  readonly wanted: ReadonlyMap<Group<Member>, readonly Event[]>;
  /** Groups of which nobody knows what they want. */
  readonly late: ReadonlySet<Group<Member>>;
}

/**
 * Finds the groups an event goes to in O(depth of its topic + filters at those topics), however many members there are.
 * (Invariant: I8)
 */
export class LiveIndex<Member> {
  readonly #groups = new Map<string, OpenGroup<Member>>();
  readonly #byPrefix = new Map<Topic, Set<Group<Member>>>();

  /** Adds a member; adding it again changes nothing. */
  add(selection: Selection, member: Member): void {
    let group = this.#groups.get(selection.key);
    if (!group) {
      group = { selection, members: new Set() };
      this.#groups.set(selection.key, group);
      for (const prefix of selection.prefixes) this.#at(prefix).add(group);
    }
    group.members.add(member);
  }

  /** Removes a member, if it is there; what no member needs goes with it. */
  remove(selection: Selection, member: Member): void {
    const group = this.#groups.get(selection.key);
    if (!group?.members.delete(member) || group.members.size > 0) return;
    this.#groups.delete(selection.key);
    for (const prefix of selection.prefixes) {
      const groups = this.#at(prefix);
      groups.delete(group);
      if (groups.size === 0) this.#byPrefix.delete(prefix);
    }
  }

  /**
   * Sorts events, in offset order, to the groups that want them. Once there is no more time for filters, `hasTime`, a group
   * that has one is late: it gets nothing of them.
   */
  distribute(events: readonly Event[], hasTime: () => boolean): Distribution<Member> {
    const wanted = new Map<Group<Member>, Event[]>();
    const late = new Set<Group<Member>>();
    for (const event of events) {
      const factsOf = lazyFacts(event);
      for (const prefix of selfAndAncestors(event.topic)) {
        for (const group of this.#byPrefix.get(prefix) ?? []) {
          if (group.selection.filter && (late.has(group) || !hasTime())) late.add(group);
          else if (admits(group.selection, event.topic, factsOf)) addTo(wanted, group, event);
        }
      }
    }
    for (const group of late) wanted.delete(group);
    return { wanted, late };
  }

  #at(prefix: Topic): Set<Group<Member>> {
    let groups = this.#byPrefix.get(prefix);
    if (!groups) {
      groups = new Set();
      this.#byPrefix.set(prefix, groups);
    }
    return groups;
  }
}

interface OpenGroup<Member> extends Group<Member> {
  readonly members: Set<Member>;
}

function addTo<Member>(wanted: Map<Group<Member>, Event[]>, group: Group<Member>, event: Event): void {
  const events = wanted.get(group);
  if (events) events.push(event);
  else wanted.set(group, [event]);
}

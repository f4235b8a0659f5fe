// The topic index: which live subscriptions get an event, found by its topic and the topics above it.
import type { Event } from '../core/event.ts';
import type { Selection } from '../core/selection.ts';
import { selfAndAncestors, type Topic } from '../core/topic.ts';

/** Members that want the same events, and the events of the present fan-out that they want. */
export interface Group<Member> {
  readonly selection: Selection;
  readonly members: Set<Member>;
  events: Event[];
}

/** Finds the groups an event goes to in O(depth of its topic), however many members there are. (Invariant: I8) */
export class LiveIndex<Member> {
  readonly #groups = new Map<string, Group<Member>>();
  readonly #byPrefix = new Map<Topic, Set<Group<Member>>>();

  /** Adds a member; adding it again changes nothing. */
  add(selection: Selection, member: Member): void {
    let group = this.#groups.get(selection.key);
    if (!group) {
      group = { selection, members: new Set(), events: [] };
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

  /** Sorts events, in offset order, to the groups that want them; returns those that got any, their `events` set. */
  distribute(events: readonly Event[]): ReadonlySet<Group<Member>> {
    const touched = new Set<Group<Member>>();
    for (const event of events) {
      for (const prefix of selfAndAncestors(event.topic)) {
        const groups = this.#byPrefix.get(prefix);
        if (groups) for (const group of groups) addTo(group, event, touched);
      }
    }
    return touched;
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

function addTo<Member>(group: Group<Member>, event: Event, touched: Set<Group<Member>>): void {
  if (!touched.has(group)) {
    touched.add(group);
    group.events = [];
  }
  group.events.push(event);
}

// What a subscription wants of the log.
import type { NewEvent } from './event.ts';
import { readEventFacts, type EventFacts } from './event-facts.ts';
import type { EventFilter } from './event-filter.ts';
import type { HiddenTopics } from './hidden-topics.ts';
import { covers, selfAndAncestors, type Topic } from './topic.ts';

/** A subscription's choice of events: those at or below any of its prefixes that its filter lets through and it may see. */
export interface Selection {
  /** At least one; sorted, none covered by another. */
  readonly prefixes: readonly Topic[];
  /** The same, to look up; only where they are many. */
  readonly prefixSet: ReadonlySet<Topic> | undefined;
  readonly filter: EventFilter | undefined;
  /** What its reader may not see of them. */
  readonly hidden: HiddenTopics | undefined;
  /** Equal for selections of the same events, so that they can share what is made for one of them. */
  readonly key: string;
}

/** Up to so many prefixes it is cheaper to compare with each. */
const MAX_COMPARED_PREFIXES = 8;

/** What narrows a selection. */
export interface SelectionLimits {
  readonly filter?: EventFilter | undefined;
  readonly hidden?: HiddenTopics | undefined;
}

/** The selection of everything at or below the given prefixes, at least one, that a filter lets through and is not hidden. */
export function selectPrefixes(prefixes: readonly Topic[], limits: SelectionLimits = {}): Selection {
  const { filter } = limits;
  const distinct = new Set(prefixes);
  const outermost = [...distinct].filter((prefix) => !hasAncestor(distinct, prefix)).toSorted();
  const hidden = limits.hidden?.within(outermost);
  return {
    prefixes: outermost,
    prefixSet: outermost.length > MAX_COMPARED_PREFIXES ? new Set(outermost) : undefined,
    filter,
    hidden,
    // No topic holds a control character, and so no two different lists make the same key.
    key: [...outermost, filter?.key ?? '', hidden?.key ?? ''].join('\n'),
  };
}

/** Whether an event is wanted. */
export function selects(selection: Selection, event: NewEvent): boolean {
  return coversTopic(selection, event.topic) && admits(selection, event.topic, lazyFacts(event));
}

/** Whether an event at or below one of the prefixes is wanted. */
export function admits({ filter, hidden }: Selection, topic: Topic, factsOf: () => EventFacts): boolean {
  return !hidden?.hides(topic) && (filter === undefined || filter.matches(factsOf()));
}

/** One event's facts, read when they are first asked for. */
export function lazyFacts({ payload }: NewEvent): () => EventFacts {
  let facts: EventFacts | undefined;
  return () => (facts ??= readEventFacts(payload));
}

function coversTopic({ prefixes, prefixSet }: Selection, topic: Topic): boolean {
  if (prefixSet) return prefixSet.has(topic) || hasAncestor(prefixSet, topic);
  return prefixes.some((prefix) => covers(prefix, topic));
}

// Why look-ups: a query may hold well over a thousand topics, and comparing each with each would hold up everybody.
function hasAncestor(prefixes: ReadonlySet<Topic>, topic: Topic): boolean {
  for (const one of selfAndAncestors(topic)) if (one !== topic && prefixes.has(one)) return true;
  return false;
}

// What a subscription wants of the log.
import type { NewEvent } from './event.ts';
import { readEventFacts, type EventFacts } from './event-facts.ts';
import type { EventFilter } from './event-filter.ts';
import { covers, selfAndAncestors, type Topic } from './topic.ts';

/** A subscription's choice of events: those at or below any of its prefixes that its filter lets through. */
export interface Selection {
  /** At least one; sorted, none covered by another. */
  readonly prefixes: readonly Topic[];
  /** The same, to look up; only where they are many. */
  readonly prefixSet: ReadonlySet<Topic> | undefined;
  readonly filter: EventFilter | undefined;
  /** Equal for selections of the same events, so that they can share what is made for one of them. */
  readonly key: string;
}

/** Up to so many prefixes it is cheaper to compare with each. */
const MAX_COMPARED_PREFIXES = 8;

/** The selection of everything at or below the given prefixes, at least one, that a filter lets through. */
export function selectPrefixes(prefixes: readonly Topic[], filter?: EventFilter): Selection {
  const distinct = new Set(prefixes);
  const outermost = [...distinct].filter((prefix) => !hasAncestor(distinct, prefix)).toSorted();
  return {
    prefixes: outermost,
    prefixSet: outermost.length > MAX_COMPARED_PREFIXES ? new Set(outermost) : undefined,
    filter,
    // No topic holds a control character, and so no two different lists make the same key.
    key: [...outermost, filter?.key ?? ''].join('\n'),
  };
}

/** Whether an event is wanted. */
export function selects(selection: Selection, event: NewEvent): boolean {
  const { filter } = selection;
  return (
    coversTopic(selection, event.topic) &&
    (filter === undefined || filter.matches(readEventFacts(event.payload)))
  );
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

// What a subscription wants of the log.
import type { NewEvent } from './event.ts';
import { readEventFacts, type EventFacts } from './event-facts.ts';
import type { EventFilter } from './event-filter.ts';
import { covers, type Topic } from './topic.ts';

/** A subscription's choice of events: those at or below any of its prefixes that its filter lets through. */
export interface Selection {
  /** At least one; sorted, none covered by another. */
  readonly prefixes: readonly Topic[];
  readonly filter: EventFilter | undefined;
  /** Equal for selections of the same events, so that they can share what is made for one of them. */
  readonly key: string;
}

/** The selection of everything at or below the given prefixes, at least one, that a filter lets through. */
export function selectPrefixes(prefixes: readonly Topic[], filter?: EventFilter): Selection {
  // No topic holds a control character, and so no two different lists make the same key.
  const distinct = [...new Set(prefixes)].toSorted();
  const outermost = distinct.filter((one) => !distinct.some((other) => other !== one && covers(other, one)));
  return { prefixes: outermost, filter, key: [...outermost, filter?.key ?? ''].join('\n') };
}

/** Whether an event is wanted. */
export function selects(selection: Selection, event: NewEvent): boolean {
  return (
    selection.prefixes.some((prefix) => covers(prefix, event.topic)) &&
    (selection.filter === undefined || selection.filter.matches(readEventFacts(event.payload)))
  );
}

/** One event's facts, read when they are first asked for. */
export function lazyFacts({ payload }: NewEvent): () => EventFacts {
  let facts: EventFacts | undefined;
  return () => (facts ??= readEventFacts(payload));
}

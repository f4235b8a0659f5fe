// What a subscription wants of the log.
import { covers, type Topic } from './topic.ts';

/** A subscription's choice of events: everything at or below any of its prefixes. */
export interface Selection {
  /** At least one; sorted, none covered by another. */
  readonly prefixes: readonly Topic[];
  /** Equal for selections of the same events, so that they can share what is made for one of them. */
  readonly key: string;
}

/** The selection of everything at or below the given prefixes; at least one. */
export function selectPrefixes(prefixes: readonly Topic[]): Selection {
  // No topic holds a control character, and so no two different lists make the same key.
  const distinct = [...new Set(prefixes)].toSorted();
  const outermost = distinct.filter((one) => !distinct.some((other) => other !== one && covers(other, one)));
  return { prefixes: outermost, key: outermost.join('\n') };
}

/** Whether an event of `topic` is wanted. */
export function selects(selection: Selection, topic: Topic): boolean {
  return selection.prefixes.some((prefix) => covers(prefix, topic));
}

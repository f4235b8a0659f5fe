// What one reader may not see: the private topics that nobody granted to it. [P29]
import { selfAndAncestors, type Topic } from './topic.ts';

/** Private prefixes, and what is granted below them; only what counts is kept of both. Equal keys hide the same. */
export class HiddenTopics {
  readonly key: string;
  readonly #privates: ReadonlySet<Topic>;
  readonly #grants: ReadonlySet<Topic>;

  /** A private prefix makes everything at and below it private; a grant opens everything at and below itself. */
  constructor(privates: Iterable<Topic>, grants: Iterable<Topic>) {
    const granted = new Set(grants);
    this.#privates = new Set([...privates].filter((one) => !isWithin(granted, one)));
    this.#grants = new Set([...granted].filter((one) => isWithin(this.#privates, one)));
    // No topic holds a control character, and so no two different lists make the same key.
    this.key = `${[...this.#privates].toSorted().join('\n')}\0${[...this.#grants].toSorted().join('\n')}`;
  }

  /** Whether a topic is private and not granted; O(depth). */
  hides(topic: Topic): boolean {
    let isPrivate = false;
    for (const prefix of selfAndAncestors(topic)) {
      if (this.#grants.has(prefix)) return false;
      isPrivate ||= this.#privates.has(prefix);
    }
    return isPrivate;
  }

  /** The part that counts at and below some prefixes; `undefined` when nothing is hidden there. */
  within(prefixes: readonly Topic[]): HiddenTopics | undefined {
    const wanted = new Set(prefixes);
    const privates = [...this.#privates].filter((one) => isWithin(wanted, one));
    const hiddenPrefixes = prefixes.filter((prefix) => !this.#privates.has(prefix) && this.hides(prefix));
    if (privates.length + hiddenPrefixes.length === 0) return undefined;
    // Why the same: most streams want everything, and what each of them keeps would be large where much is private.
    if (privates.length === this.#privates.size) return this;
    return new HiddenTopics([...privates, ...hiddenPrefixes], this.#grants);
  }

  /** Whether it hides anything that `other` shows. */
  hidesMoreThan(other: HiddenTopics | undefined): boolean {
    if (!other) return this.#privates.size > 0;
    return [...this.#privates, ...other.#grants].some((topic) => this.hides(topic) && !other.hides(topic));
  }
}

// Why look-ups: a query may hold well over a thousand topics, and an access file as many.
function isWithin(prefixes: ReadonlySet<Topic>, topic: Topic): boolean {
  for (const one of selfAndAncestors(topic)) if (prefixes.has(one)) return true;
  return false;
}

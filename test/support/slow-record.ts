// What a slow reader got, held against what another one got who never stops, without keeping all of it.

import { createHash } from 'node:crypto';
import type { StreamItem } from './stream-items.ts';

/** What stands in the last event of a test, in every format. */
export const LAST_EVENT = 'the last event';

/** Compares what a slow reader gets with what a poll got; of what came after that poll it keeps a hash. */
export class SlowRecord {
  readonly #expected: readonly string[];
  readonly #later = createHash('sha1');
  #count = 0;
  /** What is not as it was expected; nothing in the good case. */
  readonly wrong: string[] = [];

  constructor(expected: readonly string[]) {
    this.#expected = expected;
  }

  /** Takes what the stream told next. @returns whether it was the last event */
  take(item: StreamItem): boolean {
    if (item.kind === 'notice' && item.name !== 'retry' && item.name !== 'start') this.wrong.push(item.text);
    if (item.kind !== 'event') return false;
    const expected = this.#expected[this.#count];
    this.#count += 1;
    if (expected === undefined) this.#later.update(`${item.text}\n`);
    else if (item.text !== expected) this.wrong.push(`${item.text} instead of ${expected}`);
    return item.text.includes(LAST_EVENT);
  }

  /** How many events it got, and the hash of those after the first poll. */
  sum(): string {
    return `${this.#count} ${this.#later.digest('hex')}`;
  }
}

/** What a record of all these events comes to, of which the first so many were known before. */
export function sumOf(events: readonly string[], knownCount: number): string {
  const record = new SlowRecord(events.slice(0, knownCount));
  for (const text of events) record.take({ kind: 'event', text });
  return record.sum();
}

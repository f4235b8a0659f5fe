// The pushes in the spool of one repository, read once and put in order. Knows no git.
import { setTimeout as sleep } from 'node:timers/promises';
import { addToJournal } from './journal.ts';
import { orderPushes, type OrderedPush } from './push-order.ts';
import type { RefUpdate } from './ref-update.ts';
import { arrivalMs, type Spool } from './spool.ts';
import type { SpooledPush } from './spooled-push.ts';

// How long ago a push may have come for the one before it to be on its way: on a busy machine noting one takes seconds.
const YOUNG_MS = 10_000;

/** What waits to be taken in. Only whoever holds the repository's lock may use it. */
export class PushQueue {
  readonly #spool: Spool;
  readonly #journalPath: string;
  readonly #settleMs: number;
  readonly #pushes = new Map<string, SpooledPush>();
  readonly #settled = new Set<string>();
  #unread: unknown;

  /** `settleMs` is how long a push usually takes at most from changing a ref to noting it. */
  constructor(spool: Spool, journalPath: string, settleMs: number) {
    this.#spool = spool;
    this.#journalPath = journalPath;
    this.#settleMs = settleMs;
  }

  /** Looks anew what waits and gives it in order, given what the refs were before. What is no push is set aside. */
  async list(refs: ReadonlyMap<string, string>): Promise<OrderedPush[]> {
    this.#unread = undefined;
    for (const name of await this.#spool.list()) {
      if (!this.#pushes.has(name)) await this.#read(name);
    }
    return orderPushes(this.#pushes, refs);
  }

  /** What the waiting pushes did, in order, where nothing is known of the refs. */
  async listUpdates(): Promise<RefUpdate[]> {
    return (await this.list(new Map())).flatMap(({ push }) => push.updates);
  }

  /**
   * Waits if the push before this one may be about to be noted, by a hook that is slower: once for a push that came a
   * moment ago. Gives whether it has, so that one lists anew.
   */
  async settle({ name, isOdd }: OrderedPush): Promise<boolean> {
    const isYoung = Math.abs(Date.now() - arrivalMs(name)) < YOUNG_MS;
    if (!isOdd || !isYoung || this.#settled.has(name)) return false;
    this.#settled.add(name);
    await sleep(this.#settleMs);
    return true;
  }

  /** Removes a push for good. */
  async remove(name: string): Promise<void> {
    await this.#spool.remove(name);
    this.#pushes.delete(name);
  }

  /** @throws Error if a push was listed that can't be read */
  checkUnread(): void {
    if (this.#unread !== undefined) throw this.#unread;
  }

  async #read(name: string): Promise<void> {
    try {
      const push = await this.#spool.read(name);
      if (push !== undefined) this.#pushes.set(name, push);
      else await addToJournal(this.#journalPath, `This is no push: ${await this.#spool.setAside(name)}`);
    } catch (error) {
      this.#unread = error;
    }
  }
}

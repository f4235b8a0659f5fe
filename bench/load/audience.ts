// All subscribers of one trial together: what they count in common, how they are opened, and whether all of them got all.
import { DeliveryChecker, type DeliveryFaults } from './delivery-checker.ts';
import { Subscriber } from './subscriber.ts';

export interface AudienceOptions {
  readonly port: number;
  readonly payload: Buffer;
  /** Asked for in the query; formats with more than one form add members behind ours. */
  readonly format: string | undefined;
  readonly headers: readonly string[];
}

/** One kind of subscriber. */
export interface Listener {
  readonly path: string;
  readonly laneCount: number;
  readonly isWanted?: (lane: number) => boolean;
  readonly firstIndex?: number;
  readonly headers?: readonly string[];
}

/** Connections that are being opened at a time, unless a trial is about just that. */
const OPENED_AT_ONCE = 64;

/** Subscribers whose events are compared byte by byte. */
const COMPARED_COUNT = 4;

/** So many different faults are kept; one is enough to spoil a trial. */
const MAX_FAULTS = 5;

export class Audience {
  readonly payload: Buffer;
  readonly subscribers: Subscriber[] = [];
  readonly #options: AudienceOptions;
  readonly #faults = new Set<string>();
  /** When the read began that is being worked on, milliseconds. */
  nowMs = 0;
  deliveredCount = 0;
  /** Times between two keep-alives of one stream; collects while it is there. */
  aliveGapsMs: number[] | undefined;

  constructor(options: AudienceOptions) {
    this.#options = options;
    this.payload = options.payload;
  }

  /** Adds a subscriber that is not open yet. */
  add(listener: Listener): Subscriber {
    const { port, format, headers } = this.#options;
    const { path, laneCount, isWanted, firstIndex } = listener;
    const subscriber = new Subscriber({
      port,
      path: format === undefined ? path : `${path}?format=${format}`,
      headers: [...headers, ...(listener.headers ?? [])],
      checker: new DeliveryChecker(laneCount, isWanted, firstIndex),
      audience: this,
      isCompared: this.subscribers.length < COMPARED_COUNT,
    });
    this.subscribers.push(subscriber);
    return subscriber;
  }

  /** Opens all, so many at a time. */
  async openAll(subscribers: readonly Subscriber[], atOnce: number = OPENED_AT_ONCE): Promise<void> {
    const waiting = subscribers[Symbol.iterator]();
    const openRest = async (): Promise<void> => {
      for (const subscriber of waiting) await subscriber.open();
    };
    await Promise.all(Array.from({ length: atOnce }, openRest));
  }

  /** Resolves when so many events were delivered in all, or when nothing came any more for `quietMs`. */
  async whenDelivered(wantedCount: number, quietMs = 3_000): Promise<void> {
    let seenCount = -1;
    let seenMs = performance.now();
    while (this.deliveredCount < wantedCount && performance.now() - seenMs < quietMs) {
      if (this.deliveredCount > seenCount) {
        seenCount = this.deliveredCount;
        seenMs = performance.now();
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  hasRightLength(bytes: number): boolean {
    const wanted = this.payload.byteLength - 1; // The line feed is no part of the line.
    return this.#options.format === undefined ? bytes === wanted : bytes >= wanted;
  }

  addFault(fault: string): void {
    if (this.#faults.size < MAX_FAULTS) this.#faults.add(fault);
  }

  /** Everything that was not as it must be, as sentences; none is the good case. */
  findFaults(publishedCounts: Int32Array): string[] {
    const sums = { lost: 0, doubled: 0, reordered: 0, strayed: 0 };
    for (const { checker } of this.subscribers) addUp(sums, checker.faults(publishedCounts));
    const counted = Object.entries(sums).filter(([, count]) => count > 0);
    return [...this.#faults, ...counted.map(([name, count]) => `${count} ${name}`), ...this.#orderFaults()];
  }

  // Two subscribers that ask for the same get it in the same order.
  #orderFaults(): string[] {
    const hashes = new Map<string, Set<number>>();
    for (const { path, checker } of this.subscribers) {
      const key = `${path} ${checker.firstIndex}`;
      hashes.set(key, (hashes.get(key) ?? new Set()).add(checker.orderHash));
    }
    const orderCount = Math.max(...[...hashes.values()].map((set) => set.size), 1);
    return orderCount === 1 ? [] : [`${orderCount} different orders`];
  }
}

function addUp(sums: Record<keyof DeliveryFaults, number>, faults: DeliveryFaults): void {
  sums.lost += faults.lost;
  sums.doubled += faults.doubled;
  sums.reordered += faults.reordered;
  sums.strayed += faults.strayed;
}

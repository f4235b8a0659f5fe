// What one subscriber got, held against what was published: tells a lost, a doubled and a reordered event apart.

/** What was wrong with what a subscriber got; all zero when nothing was. */
export interface DeliveryFaults {
  /** Published, and never delivered. */
  readonly lost: number;
  /** Delivered more often than once. */
  readonly doubled: number;
  /** Delivered after a later event of the same lane. */
  readonly reordered: number;
  /** Of a lane that is not this subscriber's. */
  readonly strayed: number;
}

/** Takes events as they come. Keeps a number for each lane, and more only about what is missing. */
export class DeliveryChecker {
  /** Whether this subscriber is to get the lane. */
  readonly isWanted: (lane: number) => boolean;
  /** Where this subscriber's part of every lane begins. */
  readonly firstIndex: number;
  readonly #next: Int32Array;
  readonly #missing = new Set<string>();
  #doubled = 0;
  #reordered = 0;
  #strayed = 0;
  #orderHash = 0;

  constructor(laneCount: number, isWanted: (lane: number) => boolean = () => true, firstIndex = 0) {
    this.#next = new Int32Array(laneCount).fill(firstIndex);
    this.isWanted = isWanted;
    this.firstIndex = firstIndex;
  }

  /** The same for two subscribers that got the same events in the same order, across lanes too. */
  get orderHash(): number {
    return this.#orderHash;
  }

  /** Takes the event at a place of a lane. */
  take(lane: number, index: number): void {
    const expected = this.#next[lane];
    if (expected === undefined || !this.isWanted(lane)) {
      this.#strayed++;
      return;
    }
    this.#orderHash = Math.imul(this.#orderHash ^ (lane * 0x10001 + index), 0x9e3779b1);
    if (index === expected) this.#next[lane] = expected + 1;
    else if (index > expected) this.#skip(lane, expected, index);
    else this.#takeLate(lane, index);
  }

  /** What was wrong, given how many events each lane has. */
  faults(publishedCounts: Int32Array): DeliveryFaults {
    let lost = this.#missing.size;
    for (const [lane, published] of publishedCounts.entries()) {
      if (this.isWanted(lane)) lost += Math.max(0, published - (this.#next[lane] ?? 0));
    }
    return { lost, doubled: this.#doubled, reordered: this.#reordered, strayed: this.#strayed };
  }

  #skip(lane: number, expected: number, index: number): void {
    for (let i = expected; i < index; i++) this.#missing.add(`${lane} ${i}`);
    this.#next[lane] = index + 1;
  }

  #takeLate(lane: number, index: number): void {
    if (this.#missing.delete(`${lane} ${index}`)) this.#reordered++;
    else this.#doubled++;
  }
}

// What bodies may take together while they are received or wait for their commit. [P6]
import { GitPubSubError } from '../core/errors.ts';

/** What all publishers may take together, in bytes. Beyond it: 503. */
export const MAX_BODIES_BYTES: number = 64 * 1024 * 1024;

/** The same for deliveries of webhooks, apart from the others, for it shows only at their end whether they may come. */
export const MAX_DELIVERIES_BYTES: number = 96 * 1024 * 1024;

/** What those of one address may take of it: room for the largest, and not for so many that others find none. */
export const MAX_SENDER_DELIVERIES_BYTES: number = 36 * 1024 * 1024;

/** The part that only bodies in one piece may take, so that stuck uploads keep no small event out. */
const KEPT_FOR_WHOLE = 1 / 4;

/** What a body takes while it is there. */
export interface Budget {
  /** Takes a part for a body in one piece. @throws GitPubSubError `too-many-bodies` when it is not there */
  take(bytes: number): void;
  /** As {@link Budget.take}, for a body that may never come to its end. */
  takeForUnfinished(bytes: number): void;
  /** Gives back what was taken. */
  give(bytes: number): void;
}

/** One budget for all. */
export class BodyBudget implements Budget {
  readonly #maxBytes: number;
  #takenBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What is taken now. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  take(bytes: number): void {
    this.#takeWithin(bytes, this.#maxBytes);
  }

  takeForUnfinished(bytes: number): void {
    this.#takeWithin(bytes, this.#maxBytes * (1 - KEPT_FOR_WHOLE));
  }

  give(bytes: number): void {
    this.#takenBytes -= bytes;
  }

  #takeWithin(bytes: number, maxBytes: number): void {
    if (this.#takenBytes + bytes > maxBytes) {
      throw new GitPubSubError(
        'too-many-bodies',
        'The broker is receiving more than it can hold; try again soon.',
      );
    }
    this.#takenBytes += bytes;
  }
}

/** A budget of which each sender gets a part at most, so that one who is slow on purpose keeps no other out. */
export class SenderBudgets {
  readonly #whole: BodyBudget;
  readonly #maxBytesOfOne: number;
  readonly #parts = new Map<string, BodyBudget>();

  constructor(maxBytes: number, maxBytesOfOne: number) {
    this.#whole = new BodyBudget(maxBytes);
    this.#maxBytesOfOne = maxBytesOfOne;
  }

  /** What all have taken now. */
  get takenBytes(): number {
    return this.#whole.takenBytes;
  }

  /** How many have taken something. */
  get senderCount(): number {
    return this.#parts.size;
  }

  /** The budget of one of them. */
  of(sender: string): Budget {
    return {
      take: (bytes) => this.#take(sender, bytes, 'take'),
      takeForUnfinished: (bytes) => this.#take(sender, bytes, 'takeForUnfinished'),
      give: (bytes) => this.#give(sender, bytes),
    };
  }

  #take(sender: string, bytes: number, how: 'take' | 'takeForUnfinished'): void {
    const part = this.#parts.get(sender) ?? new BodyBudget(this.#maxBytesOfOne);
    part[how](bytes);
    try {
      this.#whole[how](bytes);
    } catch (error) {
      part.give(bytes);
      throw error;
    }
    this.#parts.set(sender, part);
  }

  #give(sender: string, bytes: number): void {
    const part = this.#parts.get(sender);
    if (!part) return; // Nothing was taken.
    part.give(bytes);
    this.#whole.give(bytes);
    if (part.takenBytes === 0) this.#parts.delete(sender);
  }
}

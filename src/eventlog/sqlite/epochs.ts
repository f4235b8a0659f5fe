// The runs of brokers that stored what a log holds: they tell it from an older copy of it that went on differently. [P20]
import { randomBytes } from 'node:crypto';
import type { Epoch } from './event-writer.ts';

/** Of one open log. */
export class Epochs {
  readonly #nonce = randomBytes(4).toString('hex');
  #epochs: readonly Epoch[];
  #hasOwn = false;

  /** `earlier`: those that are stored, the oldest first. */
  constructor(earlier: readonly Epoch[]) {
    this.#epochs = earlier;
  }

  /** The run that stored the event at an offset. */
  at(offset: number): Epoch | undefined {
    return this.#epochs.findLast((epoch) => epoch.firstOffset <= offset);
  }

  /** What to store with the events from this offset on; `undefined` if this run has stored something already. */
  beginAt(firstOffset: number): Epoch | undefined {
    return this.#hasOwn ? undefined : { firstOffset, nonce: this.#nonce };
  }

  /** This run's is stored. */
  begin(epoch: Epoch): void {
    this.#epochs = [...this.#epochs, epoch];
    this.#hasOwn = true;
  }

  /** Runs that began before this offset are of no use any more. */
  forgetBefore(firstOffset: number): void {
    this.#epochs = this.#epochs.filter((epoch) => epoch.firstOffset >= firstOffset);
  }
}

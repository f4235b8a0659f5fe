// A sink that writes down what it is handed, is full when the test says so, and notices whoever writes to it when nobody may.
import type { Batch } from '../../src/broker/batch.ts';
import type { Sink } from '../../src/broker/sink.ts';
import type { Watermark } from '../../src/broker/watermark.ts';
import type { Event } from '../../src/core/event.ts';

/** One call of a sink that reached its client. */
export type SinkCall =
  | { readonly kind: 'write'; readonly events: readonly Event[]; readonly watermark: Watermark }
  | { readonly kind: 'keep-alive'; readonly watermark: Watermark }
  | { readonly kind: 'nudge' | 'end' | 'cut' };

export class FakeSink implements Sink {
  readonly reader = { client: '192.0.2.1' };
  readonly calls: SinkCall[] = [];
  /** What must not have happened, in words; a right user of the sink leaves it empty. */
  readonly violations: string[] = [];
  /** How many more writes it takes before it is full. */
  credit: number = Infinity;
  /** What happens while something is being written. */
  beforeCall: () => void = () => {};
  /** How it ended, if it did. */
  over: 'ended' | 'cut' | undefined;
  #isFull = false;

  get isFull(): boolean {
    return this.#isFull;
  }

  /** All events it was handed, in order. */
  get events(): readonly Event[] {
    return this.calls.flatMap((call) => (call.kind === 'write' ? call.events : []));
  }

  /** Their payloads. */
  get payloads(): readonly string[] {
    return this.events.map((event) => event.payload);
  }

  /** How far it was told that its stream is, behind batches or alone, in order. */
  get watermarks(): readonly Watermark[] {
    return this.calls.flatMap((call) => ('watermark' in call ? [call.watermark] : []));
  }

  /** The times of those. */
  get aliveTimes(): readonly number[] {
    return this.watermarks.map(({ timeMs }) => timeMs);
  }

  /** The client reads again: the next nudge finds room for so many writes. */
  makeRoom(credit: number = Infinity): void {
    this.credit = credit;
  }

  write(batch: Batch): boolean {
    this.#expectOpen('write');
    this.calls.push({ kind: 'write', events: batch.events, watermark: batch.watermark });
    return this.#spend();
  }

  keepAlive(watermark: Watermark): boolean {
    this.#expectOpen('keepAlive');
    this.calls.push({ kind: 'keep-alive', watermark });
    return this.#spend();
  }

  nudge(): boolean {
    if (!this.#isFull) this.violations.push('nudge of a sink that is not full');
    this.calls.push({ kind: 'nudge' });
    this.#isFull = this.credit <= 0;
    return !this.#isFull;
  }

  end(): void {
    this.#finish('ended');
  }

  cut(): void {
    this.#finish('cut');
  }

  #expectOpen(what: string): void {
    if (this.over) this.violations.push(`${what} after it was ${this.over}`);
    if (this.#isFull) this.violations.push(`${what} while it was full`);
    this.beforeCall();
  }

  #spend(): boolean {
    this.credit -= 1;
    this.#isFull = this.credit <= 0;
    return !this.#isFull;
  }

  #finish(how: 'ended' | 'cut'): void {
    if (this.over) this.violations.push(`${how} after it was ${this.over}`);
    this.over = how;
    this.calls.push({ kind: how === 'ended' ? 'end' : 'cut' });
  }
}

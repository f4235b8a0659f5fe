// A sink that writes down what it is handed, is full when the test says so, and notices whoever writes to it when nobody may.
import type { Batch } from '../../src/broker/batch.ts';
import type { Sink } from '../../src/broker/sink.ts';
import type { Event } from '../../src/core/event.ts';

/** One call of a sink that reached its client, keep-alives with their time. */
export type SinkCall =
  | { readonly kind: 'write'; readonly events: readonly Event[]; readonly aliveMs: number }
  | { readonly kind: 'keep-alive'; readonly aliveMs: number }
  | { readonly kind: 'nudge' | 'end' | 'cut' };

export class FakeSink implements Sink {
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

  /** The times of all keep-alives it was handed, behind batches or alone, in order. */
  get aliveTimes(): readonly number[] {
    return this.calls.flatMap((call) => ('aliveMs' in call ? [call.aliveMs] : []));
  }

  /** The client reads again: the next nudge finds room for so many writes. */
  makeRoom(credit: number = Infinity): void {
    this.credit = credit;
  }

  write(batch: Batch, aliveMs: number): boolean {
    this.#expectOpen('write');
    this.calls.push({ kind: 'write', events: batch.events, aliveMs });
    return this.#spend();
  }

  keepAlive(aliveMs: number): boolean {
    this.#expectOpen('keepAlive');
    this.calls.push({ kind: 'keep-alive', aliveMs });
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

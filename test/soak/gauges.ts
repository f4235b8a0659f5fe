// What a soak measures each second, and the table that it makes of that each minute.

import { readdir } from 'node:fs/promises';
import { quantile } from '../../bench/median.ts';
import { residentKiB } from '../../bench/load/meter.ts';
import type { BrokerProcess } from '../support/broker-process.ts';
import { request } from '../support/raw-http.ts';
import type { Sample } from './flatness.ts';

const SAMPLE_MS = 1_000;
const ROW_SECONDS = 60;

const TABLE_HEAD: readonly string[] = [
  '| minute | events/s | subscribers | memory, MB | open files | delivery p50, ms | p99, ms |',
  '| --- | --- | --- | --- | --- | --- | --- |',
];

/** What the table tells beside what the system knows of the broker. */
export interface Counts {
  /** Events published so far. */
  readonly events: () => number;
  /** Times from an event's publishing to its arrival since the last call, in milliseconds. */
  readonly takeLatenciesMs: () => number[];
}

/** Measures until it is ended, and says a line each minute. */
export class Gauges {
  readonly samples: Sample[] = [];
  readonly #broker: BrokerProcess;
  readonly #counts: Counts;
  readonly #say: (line: string) => void;
  readonly #startMs: number = performance.now();
  readonly #timer: NodeJS.Timeout;
  #rowCount = 0;
  #lastRow = { seconds: 0, events: 0 };

  constructor(broker: BrokerProcess, counts: Counts, say: (line: string) => void) {
    this.#broker = broker;
    this.#counts = counts;
    this.#say = say;
    TABLE_HEAD.forEach(say);
    // What can't be measured is missing, and a soak without measurements is not flat.
    this.#timer = setInterval(() => void this.#sample().catch(() => undefined), SAMPLE_MS);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  async #sample(): Promise<void> {
    const { pid, target } = this.#broker;
    const seconds = (performance.now() - this.#startMs) / 1000;
    const residentMb = Math.round(residentKiB([pid]) * 1.024) / 1000;
    const descriptors = (await readdir(`/proc/${String(pid)}/fd`)).length;
    const sample = { seconds, residentMb, descriptors };
    this.samples.push(sample);
    // Half a sample early, so that the last minute of a soak has its row.
    if (seconds < (this.#rowCount + 1) * ROW_SECONDS - SAMPLE_MS / 2000) return;
    this.#rowCount += 1;
    const row = { seconds, events: this.#counts.events() };
    const perSecond = (row.events - this.#lastRow.events) / (row.seconds - this.#lastRow.seconds);
    this.#lastRow = row;
    const response = await request(target, { method: 'HEAD' });
    this.#sayRow(sample, perSecond, response.header('x-subscribers') ?? '?');
  }

  #sayRow({ residentMb, descriptors }: Sample, perSecond: number, subscribers: string): void {
    const latenciesMs = this.#counts.takeLatenciesMs();
    const cells = [
      this.#rowCount,
      Math.round(perSecond),
      subscribers,
      Math.round(residentMb),
      descriptors,
      ...[0.5, 0.99].map((part) => quantile(latenciesMs, part).toFixed(1)),
    ];
    this.#say(`| ${cells.join(' | ')} |`);
  }
}

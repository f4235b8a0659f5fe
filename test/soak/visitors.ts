// Subscribers of a soak who come, take something and go: in every format, live, by time, by cursor, by poll, with filters.

import { expect } from 'vitest';
import { readIndex, readLane } from '../../bench/load/payload.ts';
import { pauseFor } from '../support/deadline.ts';
import { poll } from '../support/poll.ts';
import { publish } from '../support/publisher.ts';
import type { Random } from '../support/random.ts';
import type { Target } from '../support/raw-http.ts';
import { findCursor } from '../support/stream-items.ts';
import { StreamReader } from '../support/stream-reader.ts';
import { readOffset, TOPIC, type Writers } from './writers.ts';

const FORMATS = ['gitpubsub', 'ndjson', 'sse'] as const;
/** Who visits at the same time, and how long they rest between two visits at the most, in milliseconds. */
const VISITORS = 8;
const REST_MS = 400;
const DEADLINE_MS = 60_000;
/** How far back those look who come back by time, in seconds. */
const AWAY_SECONDS = 5;

/** Visits again and again until it is told to stop. */
export class Visitors {
  visitCount = 0;
  readonly #target: Target;
  readonly #random: Random;
  readonly #writers: Writers;
  #isOver = false;

  constructor(target: Target, random: Random, writers: Writers) {
    this.#target = target;
    this.#random = random;
    this.#writers = writers;
  }

  /** Resolves when it was told to stop. @throws if somebody does not get what is there */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: VISITORS }, async () => this.#visitOnAndOn()));
  }

  stop(): void {
    this.#isOver = true;
  }

  async #visitOnAndOn(): Promise<void> {
    const kinds = [
      async () => this.#listen(),
      async () => this.#replay(),
      async () => this.#resume(),
      async () => this.#poll(),
      async () => this.#filter(),
    ];
    while (!this.#isOver) {
      await kinds[this.#random.below(kinds.length)]?.();
      this.visitCount += 1;
      await pauseFor(this.#random.below(REST_MS));
    }
  }

  // Somebody who stays for some events.
  async #listen(): Promise<void> {
    const format = FORMATS[this.#random.below(FORMATS.length)] ?? FORMATS[0];
    const stream = await StreamReader.open(this.#target, `${TOPIC}?format=${format}`);
    await stream.waitForEvents(1 + this.#random.below(300), DEADLINE_MS).finally(() => stream.close());
  }

  // Somebody who was away for some seconds.
  async #replay(): Promise<void> {
    const since = this.#shortlyBefore();
    const headers = [['X-Fetch-Since', since]] as const;
    const stream = await StreamReader.open(this.#target, `${TOPIC}?format=ndjson`, { headers });
    await stream.waitForEvents(1, DEADLINE_MS).finally(() => stream.close());
    this.expectKnown(stream.events);
  }

  // Somebody who goes on where he was.
  async #resume(): Promise<void> {
    const { cursor } = this.#writers;
    const headers = [['X-Fetch-Since-Cursor', cursor]] as const;
    const stream = await StreamReader.open(this.#target, `${TOPIC}?format=ndjson`, { headers });
    const events = await stream.waitForEvents(100, DEADLINE_MS).finally(() => stream.close());
    this.expectKnown(events);
    expect(stream.response.header('x-fetch-gap')).toBeUndefined();
  }

  // Somebody who looks now and then.
  async #poll(): Promise<void> {
    const { events } = await poll(this.#target, `${TOPIC}?since=${this.#shortlyBefore()}&format=ndjson`);
    this.expectKnown(events);
  }

  // Somebody who wants a project's commits, after somebody committed.
  async #filter(): Promise<void> {
    const project = `project-${String(this.#random.below(5))}`;
    const since = this.#shortlyBefore();
    await publish(this.#target, '/commits', JSON.stringify({ commit: { project } }));
    const { events } = await poll(this.#target, `/commits?since=${since}&project=${project}`);
    expect(new Set(events)).toEqual(new Set([`{"commit":{"project":"${project}"}}`]));
  }

  // Not so long that pruning could overtake.
  #shortlyBefore(): string {
    return String(Date.now() / 1000 - 1 - this.#random.below(AWAY_SECONDS));
  }

  /** Events of the writers, as NDJSON shows them, are what was acknowledged, and in order. @returns their offsets */
  expectKnown(events: readonly string[]): number[] {
    const offsets = events.map((text) => readOffset(findCursor(text) ?? ''));
    const nextIndexes = new Map<number, number>();
    let lastOffset = 0;
    for (const [at, text] of events.entries()) {
      const bytes = Buffer.from(text);
      const place = { lane: readLane(bytes, 0), index: readIndex(bytes, 0) };
      const offset = offsets[at] ?? 0;
      if (offset <= lastOffset) throw new Error(`offset ${offset} after ${lastOffset}`);
      lastOffset = offset;
      // What is not acknowledged yet is not known yet.
      const known = this.#writers.known.get(offset) ?? place;
      const index = nextIndexes.get(place.lane) ?? place.index;
      if (known.lane !== place.lane || known.index !== place.index || index !== place.index)
        throw new Error(
          `at offset ${offset} is ${text.slice(0, 60)}, not ${JSON.stringify({ known, index })}`,
        );
      nextIndexes.set(place.lane, place.index + 1);
    }
    return offsets;
  }
}

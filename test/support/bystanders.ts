// A publisher and a subscriber who behave, beside whatever a test does to their broker: they must be served all the while.

import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { defaultDeadlineMs, pauseFor, withDeadline } from './deadline.ts';
import { Deferred } from './deferred.ts';
import { publish, Publisher } from './publisher.ts';
import type { Target } from './raw-http.ts';
import { StreamReader } from './stream-reader.ts';

export class Bystanders {
  readonly #target: Target;
  readonly #topic: string;
  readonly #publisher: Publisher;
  readonly #subscriber: StreamReader;
  readonly #published: string[] = [];
  readonly #running: Promise<void>;
  #isStopped = false;
  #served: { readonly count: number; readonly reached: Deferred<undefined> } | undefined;

  private constructor(target: Target, topic: string, publisher: Publisher, subscriber: StreamReader) {
    this.#target = target;
    this.#topic = topic;
    this.#publisher = publisher;
    this.#subscriber = subscriber;
    this.#running = this.#run();
    this.#running.catch(() => undefined);
  }

  static async open(target: Target): Promise<Bystanders> {
    const topic = `/bystanders/${randomUUID()}`;
    const subscriber = await StreamReader.open(target, topic);
    return new Bystanders(target, topic, await Publisher.open(target), subscriber);
  }

  /**
   * Resolves once several more events went from the publisher to the subscriber, and others of the same kind, who came
   * only now, were served as well.
   */
  async beServed(): Promise<void> {
    const served = { count: this.#published.length + 5, reached: new Deferred<undefined>() };
    this.#served = served;
    await withDeadline(
      Promise.race([served.reached.promise, this.#running]),
      () => `${String(served.count)} events are served, only ${String(this.#published.length)} were`,
    );
    await this.#serveNewcomers();
  }

  /** Everything was published, and arrived once and in order. */
  async finish(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
    expect(this.#subscriber.events).toStrictEqual(this.#published);
  }

  close(): void {
    this.#isStopped = true;
    this.#publisher.close();
    this.#subscriber.close();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const event = `{"n":${String(this.#published.length)}}`;
      await this.#publisher.publish(this.#topic, event);
      this.#published.push(event);
      expect(await this.#subscriber.nextEvent(defaultDeadlineMs)).toBe(event);
      if (this.#served !== undefined && this.#published.length >= this.#served.count)
        this.#served.reached.resolve(undefined);
      // Why: without a rest these two alone would keep the broker busy.
      await pauseFor(2);
    }
  }

  async #serveNewcomers(): Promise<void> {
    const topic = `${this.#topic}-newcomers`;
    const subscriber = await StreamReader.open(this.#target, topic);
    try {
      await publish(this.#target, topic, '"new"');
      expect(await subscriber.nextEvent()).toBe('"new"');
    } finally {
      subscriber.close();
    }
  }
}

/** Does something to a broker while others are using it, and shows that they were served before, at the end and in between. */
export async function besideOthers(
  target: Target,
  act: (bystanders: Bystanders) => Promise<void>,
): Promise<void> {
  const bystanders = await Bystanders.open(target);
  try {
    await bystanders.beServed();
    await act(bystanders);
    await bystanders.beServed();
    await bystanders.finish();
  } finally {
    bystanders.close();
  }
}

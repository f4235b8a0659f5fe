// Subscribers as nobody wants them: some never read, some read slowly, some reset their connection again and again.

import { pauseFor } from './deadline.ts';
import { composeRequest, RawConnection, type RawResponse, type Target } from './raw-http.ts';
import { readSlowly, type Pace } from './slow-reader.ts';
import type { StreamItem } from './stream-items.ts';

/** How many there are of each kind. */
export interface CrowdSizes {
  readonly stuck: number;
  readonly slow: number;
  readonly resetting: number;
}

/** A subscriber that does not read yet. */
export interface Member {
  readonly format: string;
  readonly connection: RawConnection;
  readonly response: RawResponse;
}

/** Asked for in turn. */
const FORMATS = ['gitpubsub', 'ndjson', 'sse'] as const;

/** Connections that are opened at a time. */
const OPENED_AT_ONCE = 50;

/** How long somebody stays away after a reset, in milliseconds. */
const AWAY_MS = 200;

/** One in so many of those who reset asks for everything; for the broker it is much work that nobody reads. */
const GREEDY_EVERY = 10;

/**
 * Who never reads or reads slowly asks for everything from the oldest event on, so that there is much to send at once; most
 * of those who reset ask for what is new.
 */
export class Crowd {
  readonly slow: readonly Member[];
  readonly #target: Target;
  readonly #stuck: readonly Member[];
  readonly #path: string;
  #resetting: readonly Promise<void>[] = [];
  #isOver = false;
  /** How many connections were reset so far. */
  resetCount = 0;

  private constructor(target: Target, path: string, stuck: readonly Member[], slow: readonly Member[]) {
    this.#target = target;
    this.#path = path;
    this.#stuck = stuck;
    this.slow = slow;
  }

  /** Resolves when all are there; the slow ones read nothing yet. */
  static async gather(target: Target, path: string, sizes: CrowdSizes): Promise<Crowd> {
    const stuck = await subscribeMany(target, path, sizes.stuck);
    const slow = await subscribeMany(target, path, sizes.slow);
    const crowd = new Crowd(target, path, stuck, slow);
    crowd.#resetting = Array.from({ length: sizes.resetting }, async (_, index) => {
      const resetting = crowd.#resetOnAndOn(index);
      // Why: it is waited for at the end only.
      resetting.catch(() => undefined);
      return resetting;
    });
    return crowd;
  }

  /** Each slow one reads at this pace, not in step with the others, until `take` says that it has enough. */
  async readSlowly(pace: Pace, take: (item: StreamItem, index: number) => boolean): Promise<void> {
    const reading = this.slow.map(async ({ connection, response }, index) => {
      await pauseFor((pace.restMs * index) / this.slow.length);
      await readSlowly(connection, response, pace, (item) => take(item, index));
    });
    await Promise.all(reading);
  }

  /** All go. @throws if somebody who wanted to reset a connection could not get one */
  async disperse(): Promise<void> {
    this.#isOver = true;
    for (const { connection } of [...this.#stuck, ...this.slow]) connection.close();
    await Promise.all(this.#resetting);
  }

  async #resetOnAndOn(index: number): Promise<void> {
    // Why: all at the same moment would be a flood of another kind.
    await pauseFor(index % AWAY_MS);
    while (!this.#isOver) {
      const query = index % GREEDY_EVERY === 0 ? 'since=0' : '';
      const { connection, response } = await subscribe(this.#target, `${this.#path}?${query}`, index);
      connection.resume();
      await connection.waitFor(() => response.hasHead || undefined, 'the head', response);
      connection.reset();
      this.resetCount += 1;
      await pauseFor(AWAY_MS);
    }
  }
}

async function subscribeMany(target: Target, path: string, count: number): Promise<Member[]> {
  const members: Member[] = [];
  for (let index = 0; index < count; index += OPENED_AT_ONCE) {
    const length = Math.min(OPENED_AT_ONCE, count - index);
    members.push(
      ...(await Promise.all(
        Array.from({ length }, async (_, offset) => subscribe(target, `${path}?since=0`, index + offset)),
      )),
    );
  }
  return members;
}

/** `path` has a query, which may be empty. */
async function subscribe(target: Target, path: string, index: number): Promise<Member> {
  const format = FORMATS[index % FORMATS.length] ?? FORMATS[0];
  const connection = await RawConnection.open(target);
  connection.pause();
  connection.write(composeRequest({ path: `${path}&format=${format}` }));
  return { format, connection, response: connection.expect() };
}

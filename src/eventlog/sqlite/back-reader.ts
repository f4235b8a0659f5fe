// Looking for events from the newest on, bounded in what one call examines.
import type { Database, Statement } from 'better-sqlite3';
import type { Clock } from '../../core/clock.ts';
import { payloadBytes } from '../../core/event.ts';
import type { Selection } from '../../core/selection.ts';
import { ROOT_TOPIC } from '../../core/topic.ts';
import type { LookBackRequest, LookedBack } from '../event-log.ts';
import { isWanted, type EventReader } from './event-reader.ts';
import {
  FIRST_WINDOW,
  MAX_EXAMINED_BYTES,
  MAX_EXAMINED_EVENTS,
  MAX_READ_MS,
  MAX_SEEKS,
  MAX_WINDOW,
} from './read-bounds.ts';
import { TopicIds } from './topic-ids.ts';

/** Offsets that may be wanted, the newest first. */
interface Candidates {
  readonly offsets: Iterable<number>;
  /** After this offset there are no others. */
  readonly after: number;
}

/** Looks back; synchronous, throws as {@link EventReader} does. */
export class BackReader {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #reader: EventReader;
  readonly #topicIds: TopicIds;
  readonly #offsetsByTopics: Statement<[string, number, number, number], number>;

  /** `clock`: by which a call ends when it takes long. */
  constructor(database: Database, reader: EventReader, clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
    this.#reader = reader;
    this.#topicIds = new TopicIds(database);
    this.#offsetsByTopics = database.prepare(
      `SELECT "offset" FROM topic_event
       WHERE topic_id IN (SELECT value FROM json_each(?)) AND "offset" > ? AND "offset" <= ?
       ORDER BY "offset" DESC LIMIT ?`,
    );
    this.#offsetsByTopics.pluck();
  }

  /** Looks for the newest selected events; nothing up to and with `floor` is held. */
  lookBack(request: LookBackRequest, floor: number): LookedBack {
    const { selection, upTo, maxEvents } = request;
    if (maxEvents === 0 || upTo <= floor) return { after: upTo, count: 0 };
    if (isEverything(selection)) return newest(upTo, maxEvents, floor);
    const topicIds = this.#topicIds.of(selection);
    if (topicIds === 'many') return this.#count({ offsets: descending(upTo, floor), after: floor }, request);
    if (topicIds.length === 0) return { after: floor, count: 0 };
    if (selection.filter) return this.#count(this.#find(topicIds, upTo, floor, MAX_EXAMINED_EVENTS), request);
    const { offsets, after } = this.#find(topicIds, upTo, floor, maxEvents);
    return { after, count: offsets.length };
  }

  // Window by window; a single topic needs none, its index is in order.
  #find(
    topicIds: readonly number[],
    upTo: number,
    floor: number,
    limit: number,
  ): { offsets: number[]; after: number } {
    const ids = JSON.stringify(topicIds);
    const offsets: number[] = [];
    let after = upTo;
    let window = topicIds.length === 1 ? upTo - floor : FIRST_WINDOW;
    for (let seeks = 0; seeks < MAX_SEEKS && after > floor; seeks += topicIds.length) {
      const begin = Math.max(floor, after - window);
      for (const offset of this.#offsetsByTopics.all(ids, begin, after, limit - offsets.length))
        offsets.push(offset);
      if (offsets.length === limit) return { offsets, after: (offsets.at(-1) ?? after) - 1 };
      after = begin;
      window = Math.min(window * 2, MAX_WINDOW);
    }
    return { offsets, after };
  }

  // Reads the candidates until enough are selected or a bound is reached.
  #count({ offsets, after }: Candidates, { selection, maxEvents }: LookBackRequest): LookedBack {
    let count = 0;
    let examinedCount = 0;
    let examinedBytes = 0;
    const untilMs = this.#clock.monotonicMs() + MAX_READ_MS;
    for (const offset of offsets) {
      const event = this.#reader.requireEventAt(offset);
      examinedCount += 1;
      examinedBytes += payloadBytes(event);
      if (isWanted(selection, event)) count += 1;
      const isEnough = count >= maxEvents || examinedCount >= MAX_EXAMINED_EVENTS;
      const isLate = this.#clock.monotonicMs() >= untilMs;
      if (isEnough || isLate || examinedBytes >= MAX_EXAMINED_BYTES) return { after: offset - 1, count };
    }
    return { after, count };
  }
}

function isEverything({ prefixes, filter, hidden }: Selection): boolean {
  return prefixes[0] === ROOT_TOPIC && filter === undefined && hidden === undefined;
}

// Offsets have no holes.
function newest(upTo: number, maxEvents: number, floor: number): LookedBack {
  const after = Math.max(floor, upTo - maxEvents);
  return { after, count: upTo - after };
}

function* descending(upTo: number, floor: number): Generator<number, void, undefined> {
  for (let offset = upTo; offset > floor; offset--) yield offset;
}

// Reading the event table: pages of a selection, bounded in what one call examines, and look-ups by position.
import type { Database, Statement } from 'better-sqlite3';
import type { Clock } from '../../core/clock.ts';
import { payloadBytes, type Event } from '../../core/event.ts';
import { selects, type Selection } from '../../core/selection.ts';
import type { Topic } from '../../core/topic.ts';
import type { Page, ReadRequest } from '../event-log.ts';
import {
  FIRST_WINDOW,
  MAX_EXAMINED_BYTES,
  MAX_EXAMINED_EVENTS,
  MAX_READ_MS,
  MAX_SEEKS,
  MAX_WINDOW,
} from './read-bounds.ts';
import { TopicIds } from './topic-ids.ts';

/** A page but for what only the log knows. */
export type EventPage = Pick<Page, 'events' | 'examinedTo'>;

/** What a search for selected offsets found. */
interface Found {
  readonly offsets: readonly number[];
  readonly examinedTo: number;
}

type EventRow = [offset: number, path: Topic, timeMs: number, payload: string];

const EVENT_COLUMNS = `e."offset", t.path, e.time_ms, e.payload FROM event e CROSS JOIN topic t ON t.id = e.topic_id`;

/** An event is missing or broken where SQLite has nothing to complain about. */
export class DamagedLogError extends Error {}

/** Reads events; every method is synchronous and throws what SQLite throws, and {@link DamagedLogError}. */
export class EventReader {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #eventsAfter: Statement<[number], EventRow>;
  readonly #eventAt: Statement<[number], EventRow>;
  readonly #timeAt: Statement<[number], number>;
  readonly #bytesThrough: Statement<[number], number>;
  readonly #topicIds: TopicIds;
  readonly #offsetsByTopic: Statement<[number, number, number], number>;
  readonly #offsetsByTopics: Statement<[string, number, number, number], number>;

  /** `clock`: by which a call ends when it takes long. */
  constructor(database: Database, clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
    this.#eventsAfter = database.prepare(`SELECT ${EVENT_COLUMNS} WHERE e."offset" > ? ORDER BY e."offset"`);
    this.#eventsAfter.raw();
    this.#eventAt = database.prepare(`SELECT ${EVENT_COLUMNS} WHERE e."offset" = ?`);
    this.#eventAt.raw();
    this.#timeAt = database.prepare('SELECT time_ms FROM event WHERE "offset" = ?');
    this.#timeAt.pluck();
    this.#bytesThrough = database.prepare('SELECT bytes_through FROM event WHERE "offset" = ?');
    this.#bytesThrough.pluck();
    this.#topicIds = new TopicIds(database);
    this.#offsetsByTopic = database.prepare(
      `SELECT "offset" FROM topic_event WHERE topic_id = ? AND "offset" > ?
       ORDER BY "offset" LIMIT ?`,
    );
    this.#offsetsByTopic.pluck();
    this.#offsetsByTopics = database.prepare(
      `SELECT "offset" FROM topic_event
       WHERE topic_id IN (SELECT value FROM json_each(?)) AND "offset" > ? AND "offset" <= ?
       ORDER BY "offset" LIMIT ?`,
    );
    this.#offsetsByTopics.pluck();
  }

  /** The page that is asked for, of the events up to `lastOffset`. */
  read(request: ReadRequest, lastOffset: number): EventPage {
    const { selection, after, maxEvents } = request;
    if (maxEvents === 0 || after >= lastOffset) return { events: [], examinedTo: after };
    const topicIds = this.#topicIds.of(selection);
    if (topicIds === 'many')
      return this.#collect(this.#eventsBetween(after, lastOffset), request, lastOffset);
    const limit = selection.filter ? MAX_EXAMINED_EVENTS : maxEvents;
    const { offsets, examinedTo } = this.#find(topicIds, after, lastOffset, limit);
    return this.#collect(this.#eventsAt(offsets), request, examinedTo);
  }

  /** The event at an offset, if it is held. */
  eventAt(offset: number): Event | undefined {
    const row = this.#eventAt.get(offset);
    return row && toEvent(row);
  }

  /** The event at an offset that is held. */
  requireEventAt(offset: number): Event {
    const event = this.eventAt(offset);
    if (!event) throw missing(offset);
    return event;
  }

  /** The time of the event at an offset, if it is held; UTC milliseconds. */
  timeAt(offset: number): number | undefined {
    return this.#timeAt.get(offset);
  }

  /** Payload bytes of all events ever up to and with this one, if it is held. */
  bytesThrough(offset: number): number | undefined {
    return this.#bytesThrough.get(offset);
  }

  // All of them, selected or not.
  *#eventsBetween(after: number, lastOffset: number): Generator<Event, void, undefined> {
    let expected = after + 1;
    for (const row of this.#eventsAfter.iterate(after)) {
      const event = toEvent(row);
      if (event.offset !== expected++) throw missing(expected - 1);
      yield event;
    }
    if (expected <= lastOffset) throw missing(expected);
  }

  *#eventsAt(offsets: readonly number[]): Generator<Event, void, undefined> {
    for (const offset of offsets) yield this.requireEventAt(offset);
  }

  // Takes what is selected until a bound is reached; `end`: up to where it was examined if all candidates were.
  #collect(
    candidates: Iterable<Event>,
    { selection, maxEvents, maxBytes }: ReadRequest,
    end: number,
  ): EventPage {
    const events: Event[] = [];
    let bytes = 0;
    let examinedCount = 0;
    let examinedBytes = 0;
    const untilMs = this.#clock.monotonicMs() + MAX_READ_MS;
    for (const event of candidates) {
      const eventBytes = payloadBytes(event);
      examinedCount += 1;
      examinedBytes += eventBytes;
      if (isWanted(selection, event)) {
        events.push(event);
        bytes += eventBytes;
      }
      const isPageFull = events.length >= maxEvents || bytes >= maxBytes;
      const isMuch = examinedCount >= MAX_EXAMINED_EVENTS || examinedBytes >= MAX_EXAMINED_BYTES;
      // Why only with a filter: nothing else takes long for one event.
      const isLate = selection.filter !== undefined && this.#clock.monotonicMs() >= untilMs;
      if (isPageFull || isMuch || isLate) return { events, examinedTo: event.offset };
    }
    return { events, examinedTo: end };
  }

  #find(topicIds: readonly number[], after: number, lastOffset: number, limit: number): Found {
    const [onlyTopicId] = topicIds;
    if (onlyTopicId === undefined) return { offsets: [], examinedTo: lastOffset };
    if (topicIds.length > 1) return this.#findByTopics(topicIds, after, lastOffset, limit);
    const offsets = this.#offsetsByTopic.all(onlyTopicId, after, limit);
    return { offsets, examinedTo: offsets.length < limit ? lastOffset : (offsets.at(-1) ?? lastOffset) };
  }

  #findByTopics(topicIds: readonly number[], after: number, lastOffset: number, limit: number): Found {
    const ids = JSON.stringify(topicIds);
    const offsets: number[] = [];
    let examinedTo = after;
    let window = FIRST_WINDOW;
    for (let seeks = 0; seeks < MAX_SEEKS && examinedTo < lastOffset; seeks += topicIds.length) {
      const end = Math.min(lastOffset, examinedTo + window);
      for (const offset of this.#offsetsByTopics.all(ids, examinedTo, end, limit - offsets.length))
        offsets.push(offset);
      if (offsets.length === limit) return { offsets, examinedTo: offsets.at(-1) ?? end };
      examinedTo = end;
      window = Math.min(window * 2, MAX_WINDOW);
    }
    return { offsets, examinedTo };
  }
}

/** Whether an event that was read is selected. */
export function isWanted(selection: Selection, event: Event): boolean {
  try {
    return selects(selection, event);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error; // Of JSON.parse: what is stored was valid once.
    throw new DamagedLogError(`event ${event.offset} is damaged`);
  }
}

// No payload has such a character, and one would break the lines of a stream.
const CONTROL_CHARACTER = /[\u0000-\u001f]/; // eslint-disable-line no-control-regex

function toEvent([offset, topic, timeMs, payload]: EventRow): Event {
  if (CONTROL_CHARACTER.test(payload)) throw new DamagedLogError(`event ${offset} is damaged`);
  return { offset, topic, timeMs, payload };
}

// Invariant: I3. Who skips it would leave a gap in silence.
function missing(offset: number): DamagedLogError {
  return new DamagedLogError(`event ${offset} is missing`);
}

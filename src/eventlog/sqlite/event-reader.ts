// Reading the event table: pages of a selection, bounded in what one call examines, and look-ups by position.
import type { Database, Statement } from 'better-sqlite3';
import { payloadBytes, type Event } from '../../core/event.ts';
import { type Selection, selects } from '../../core/selection.ts';
import { ROOT_TOPIC, type Topic } from '../../core/topic.ts';
import type { Page, ReadRequest } from '../event-log.ts';

/** A page but for what only the log knows. */
export type EventPage = Pick<Page, 'events' | 'examinedTo'>;

/** What a search for selected offsets found. */
interface Found {
  readonly offsets: readonly number[];
  readonly examinedTo: number;
}

/** Up to so many topics are looked up in the index by topic; a selection of more is cheaper to find by reading every event. */
const MAX_INDEXED_TOPICS = 256;

/** Offsets examined by one query, at first and at most; grows while little is found. Bounds what one query sorts. */
const FIRST_WINDOW = 1_024;
const MAX_WINDOW = 16_384;

/** Index look-ups in one call; bounds how long a call holds the loop when nothing matches. */
const MAX_SEEKS = 4_096;

/** Events and bytes of payload read in one call, selected or not. */
const MAX_EXAMINED_EVENTS = 2_048;
const MAX_EXAMINED_BYTES: number = 1024 * 1024;

type EventRow = [offset: number, path: Topic, timeMs: number, payload: string];

const EVENT_COLUMNS = `e."offset", t.path, e.time_ms, e.payload FROM event e CROSS JOIN topic t ON t.id = e.topic_id`;

/** An event is missing or broken where SQLite has nothing to complain about. */
export class DamagedLogError extends Error {}

/** Reads events; every method is synchronous and throws what SQLite throws, and {@link DamagedLogError}. */
export class EventReader {
  readonly #eventsAfter: Statement<[number], EventRow>;
  readonly #eventAt: Statement<[number], EventRow>;
  readonly #timeAt: Statement<[number], number>;
  readonly #bytesThrough: Statement<[number], number>;
  readonly #topicsBelow: Statement<[Topic, string, string, number], number>;
  readonly #offsetsByTopic: Statement<[number, number, number], number>;
  readonly #offsetsByTopics: Statement<[string, number, number, number], number>;

  constructor(database: Database) {
    this.#eventsAfter = database.prepare(`SELECT ${EVENT_COLUMNS} WHERE e."offset" > ? ORDER BY e."offset"`);
    this.#eventsAfter.raw();
    this.#eventAt = database.prepare(`SELECT ${EVENT_COLUMNS} WHERE e."offset" = ?`);
    this.#eventAt.raw();
    this.#timeAt = database.prepare('SELECT time_ms FROM event WHERE "offset" = ?');
    this.#timeAt.pluck();
    this.#bytesThrough = database.prepare('SELECT bytes_through FROM event WHERE "offset" = ?');
    this.#bytesThrough.pluck();
    this.#topicsBelow = database.prepare(
      `SELECT id FROM topic WHERE path = ? UNION ALL SELECT id FROM topic WHERE path > ? AND path < ? LIMIT ?`,
    );
    this.#topicsBelow.pluck();
    this.#offsetsByTopic = database.prepare(
      `SELECT "offset" FROM event INDEXED BY event_by_topic WHERE topic_id = ? AND "offset" > ?
       ORDER BY "offset" LIMIT ?`,
    );
    this.#offsetsByTopic.pluck();
    this.#offsetsByTopics = database.prepare(
      `SELECT "offset" FROM event INDEXED BY event_by_topic
       WHERE topic_id IN (SELECT value FROM json_each(?)) AND "offset" > ? AND "offset" <= ?
       ORDER BY "offset" LIMIT ?`,
    );
    this.#offsetsByTopics.pluck();
  }

  /** The page that is asked for, of the events up to `lastOffset`. */
  read(request: ReadRequest, lastOffset: number): EventPage {
    const { selection, after, maxEvents } = request;
    if (maxEvents === 0 || after >= lastOffset) return { events: [], examinedTo: after };
    const topicIds = this.#topicIds(selection);
    if (topicIds === 'many') return collect(this.#eventsBetween(after, lastOffset), request, lastOffset);
    const limit = selection.filter ? MAX_EXAMINED_EVENTS : maxEvents;
    const { offsets, examinedTo } = this.#find(topicIds, after, lastOffset, limit);
    return collect(this.#eventsAt(offsets), request, examinedTo);
  }

  /** The event at an offset, if it is held. */
  eventAt(offset: number): Event | undefined {
    const row = this.#eventAt.get(offset);
    return row && toEvent(row);
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
    for (const offset of offsets) {
      const event = this.eventAt(offset);
      if (!event) throw missing(offset);
      yield event;
    }
  }

  #find(topicIds: readonly number[], after: number, lastOffset: number, limit: number): Found {
    const [onlyTopicId] = topicIds;
    if (onlyTopicId === undefined) return { offsets: [], examinedTo: lastOffset };
    if (topicIds.length > 1) return this.#findByTopics(topicIds, after, lastOffset, limit);
    const offsets = this.#offsetsByTopic.all(onlyTopicId, after, limit);
    return { offsets, examinedTo: offsets.length < limit ? lastOffset : (offsets.at(-1) ?? lastOffset) };
  }

  // The topics of a selection, unless they are too many to look up one by one.
  #topicIds(selection: Selection): readonly number[] | 'many' {
    if (selection.prefixes[0] === ROOT_TOPIC) return 'many';
    const ids: number[] = [];
    for (const prefix of selection.prefixes) {
      // '0' is the character after '/': between the two lies all that starts with the prefix and a slash.
      ids.push(...this.#topicsBelow.all(prefix, `${prefix}/`, `${prefix}0`, MAX_INDEXED_TOPICS + 1));
      if (ids.length > MAX_INDEXED_TOPICS) return 'many';
    }
    return ids;
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

// Takes what is selected until a bound is reached; `end`: up to where it was examined if all candidates were.
function collect(
  candidates: Iterable<Event>,
  { selection, maxEvents, maxBytes }: ReadRequest,
  end: number,
): EventPage {
  const events: Event[] = [];
  let bytes = 0;
  let examinedCount = 0;
  let examinedBytes = 0;
  for (const event of candidates) {
    const eventBytes = payloadBytes(event);
    examinedCount += 1;
    examinedBytes += eventBytes;
    if (selects(selection, event)) {
      events.push(event);
      bytes += eventBytes;
    }
    const isPageFull = events.length >= maxEvents || bytes >= maxBytes;
    if (isPageFull || examinedCount >= MAX_EXAMINED_EVENTS || examinedBytes >= MAX_EXAMINED_BYTES)
      return { events, examinedTo: event.offset };
  }
  return { events, examinedTo: end };
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

// A look at every event of a database: its place, its time, its size and its text.
import type { Database } from 'better-sqlite3';
import { escapeLineBreaks, parsePayload } from '../../core/payload.ts';
import type { LogState } from './log-state.ts';

/** What all held events have in common. */
export interface EventSummary {
  readonly count: number;
  readonly payloadBytes: number;
  /** UTC milliseconds; `undefined` when there is no event. */
  readonly firstTimeMs: number | undefined;
  readonly lastTimeMs: number | undefined;
}

/** What is said of a log without any. */
export const NO_EVENTS: EventSummary = {
  count: 0,
  payloadBytes: 0,
  firstTimeMs: undefined,
  lastTimeMs: undefined,
};

interface EventRow {
  offset: number;
  path: string | null;
  time_ms: number;
  bytes_through: number;
  payload: unknown;
  publisher_id: number | null;
  kept_through: number | null;
}

type Position = Pick<EventRow, 'offset' | 'time_ms' | 'bytes_through'>;

/** Checks the events of one database. */
export class EventCheck {
  readonly #find: (finding: string) => void;
  #events = NO_EVENTS;

  /** `find` is told what is wrong, a sentence each. */
  constructor(find: (finding: string) => void) {
    this.#find = find;
  }

  /** Reads all of them. @throws what SQLite throws */
  run(database: Database, { pruned, lastOffset }: LogState): EventSummary {
    const rows = database.prepare<[], EventRow>(
      `SELECT e."offset", t.path, e.time_ms, e.bytes_through, e.payload, e.publisher_id, p.kept_through
       FROM event e LEFT JOIN topic t ON t.id = e.topic_id LEFT JOIN publisher p ON p.id = e.publisher_id
       ORDER BY e."offset"`,
    );
    let before: Position = {
      offset: pruned.offset,
      time_ms: pruned.timeMs,
      bytes_through: pruned.bytesThrough,
    };
    for (const row of rows.iterate()) {
      this.#checkOrder(row, before);
      this.#checkPayload(row, before);
      this.#checkPublisher(row);
      this.#count(row, before.bytes_through);
      before = row;
    }
    if (before.offset !== lastOffset) this.#find(`the events end at ${before.offset}, not at ${lastOffset}`);
    return this.#events;
  }

  #checkOrder(row: EventRow, before: Position): void {
    const expected = before.offset + 1;
    if (row.offset === expected + 1) this.#find(`event ${expected} is missing`);
    else if (row.offset > expected) this.#find(`events ${expected} to ${row.offset - 1} are missing`);
    else if (row.offset < expected) this.#find(`event ${row.offset} should have been pruned`);
    if (row.time_ms < before.time_ms) this.#find(`event ${row.offset} is older than the one before it`);
    if (row.path === null) this.#find(`event ${row.offset} has no topic`);
  }

  #checkPayload({ offset, payload, bytes_through: bytesThrough }: EventRow, before: Position): void {
    if (typeof payload !== 'string' || !isPayload(payload))
      return this.#find(`event ${offset} holds no JSON value as it would be stored`);
    const bytes = bytesThrough - before.bytes_through;
    // After a hole the difference is that of several events.
    if (offset === before.offset + 1 && bytes !== Buffer.byteLength(payload))
      this.#find(`event ${offset} does not have the size that the sum of sizes says`);
  }

  // Events of earlier versions have none.
  #checkPublisher({ offset, publisher_id: id, kept_through: keptThrough }: EventRow): void {
    if (id === null) return;
    if (keptThrough === null) this.#find(`event ${offset} has a publisher without a name`);
    else if (offset > keptThrough)
      this.#find(`the name of the publisher of event ${offset} may go before it`);
  }

  #count({ time_ms, bytes_through }: EventRow, bytesBefore: number): void {
    const { count, payloadBytes, firstTimeMs } = this.#events;
    this.#events = {
      count: count + 1,
      payloadBytes: payloadBytes + bytes_through - bytesBefore,
      firstTimeMs: firstTimeMs ?? time_ms,
      lastTimeMs: time_ms,
    };
  }
}

function isPayload(text: string): boolean {
  try {
    // Why escaped: older versions stored such characters as they came.
    return parsePayload(Buffer.from(text)) === escapeLineBreaks(text);
  } catch {
    return false;
  }
}

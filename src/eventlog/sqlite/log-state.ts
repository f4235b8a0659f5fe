// What the log remembers beside its events, as read at start, and the start-up checks of its ends.
import type { Database } from 'better-sqlite3';
import type { EventReader } from './event-reader.ts';
import type { ClockMark, Epoch, PrunedMark } from './event-writer.ts';

/** The log as it stands when it is opened. */
export interface LogState {
  readonly id: string;
  readonly pruned: PrunedMark;
  readonly epochs: readonly Epoch[];
  readonly lastOffset: number;
  /** Time of the newest event ever stored, UTC milliseconds; 0 before the first. */
  readonly lastTimeMs: number;
  /** Payload bytes of all events ever stored. */
  readonly bytesThrough: number;
  readonly clockMark: ClockMark;
}

interface LogRow {
  id: string;
  pruned_offset: number;
  pruned_time_ms: number;
  pruned_bytes: number;
  time_limit_ms: number;
  trusted_ms: number;
}

interface EndRow {
  offset: number;
  time_ms: number;
  bytes_through: number;
}

/** Reads the state. @throws Error when the row that names the log is missing or broken */
export function readLogState(database: Database): LogState {
  const row = database.prepare<[], LogRow>('SELECT * FROM log').get();
  if (!row || !/^[0-9a-f]{12}$/.test(row.id))
    throw new Error('the row that names the log is missing or broken');
  const last = database
    .prepare<[], EndRow>('SELECT "offset", time_ms, bytes_through FROM event ORDER BY "offset" DESC LIMIT 1')
    .get();
  const epochs = database
    .prepare<[], Epoch>('SELECT first_offset AS firstOffset, nonce FROM epoch ORDER BY first_offset')
    .all();
  return {
    id: row.id,
    pruned: { offset: row.pruned_offset, timeMs: row.pruned_time_ms, bytesThrough: row.pruned_bytes },
    epochs,
    lastOffset: last?.offset ?? row.pruned_offset,
    lastTimeMs: last?.time_ms ?? row.pruned_time_ms,
    bytesThrough: last?.bytes_through ?? row.pruned_bytes,
    clockMark: { timeLimitMs: row.time_limit_ms, trustedMs: row.trusted_ms },
  };
}

/** Checks that the oldest and the newest event are where the log says. @throws Error when they are not */
export function checkEnds(state: LogState, reader: EventReader): void {
  const { lastOffset, pruned } = state;
  if (lastOffset < pruned.offset) throw new Error(`its newest event, ${lastOffset}, was pruned already`);
  if (lastOffset === pruned.offset) return;
  for (const offset of [pruned.offset + 1, lastOffset]) {
    if (!reader.eventAt(offset)) throw new Error(`event ${offset} is missing`);
  }
}

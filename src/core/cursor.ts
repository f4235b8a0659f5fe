// Cursors: a position in one log as the outside sees it. Opaque to clients; what it names is ours.
import { GitPubSubError } from './errors.ts';

/** A position in a log, with what is needed to notice that the log is another one or was put back to an older state. [P20] */
export interface Cursor {
  /** Names the log; 12 hexadecimal digits. */
  readonly logId: string;
  /** Everything up to this offset was examined; 0 is before the first event. */
  readonly offset: number;
  /** Names the run of the broker that stored the event at `offset`; 8 hexadecimal digits. */
  readonly check: string;
}

const CURSOR = /^([0-9a-f]{12})-(0|[1-9][0-9]{0,15})-([0-9a-f]{8})$/;

/** The cursor as text: at most 38 ASCII characters that need no escaping in a header or a query. */
export function formatCursor(cursor: Cursor): string {
  return `${cursor.logId}-${cursor.offset}-${cursor.check}`;
}

/**
 * Reads a cursor that a client sent back.
 * @throws GitPubSubError `invalid-cursor`
 */
export function parseCursor(text: string): Cursor {
  const match = CURSOR.exec(text);
  const offset = Number(match?.[2]);
  if (!match || !Number.isSafeInteger(offset)) {
    throw new GitPubSubError(
      'invalid-cursor',
      `"${text}" is not a cursor; send one exactly as an X-Cursor header of this broker gave it.`,
    );
  }
  return { logId: match[1] ?? '', offset, check: match[3] ?? '' };
}

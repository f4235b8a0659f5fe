// The interface of the durable log: all that the broker knows of it. An engine stands behind it.
import type { Append, Event } from '../core/event.ts';
import type { Selection } from '../core/selection.ts';

/** What became of an append. */
export interface Appended {
  /** Offset and time of the last of the events, UTC milliseconds. */
  readonly lastOffset: number;
  readonly timeMs: number;
  /** Whether this was a repeat: nothing was stored now, the rest is as it was told the first time. */
  readonly isReplayed: boolean;
}

/** What to read: the selected events after an offset, one page of them. */
export interface ReadRequest {
  readonly selection: Selection;
  /** Offset up to which everything was examined; 0 to read from the first event. */
  readonly after: number;
  /** At most this many events come back. */
  readonly maxEvents: number;
  /** The page ends with the event whose payload reaches this sum, in UTF-8 bytes. */
  readonly maxBytes: number;
}

/** One page of a read. */
export interface Page {
  /** The selected events, in offset order; may be none though more follow. */
  readonly events: readonly Event[];
  /** Everything after the requested offset up to this one was examined. */
  readonly examinedTo: number;
  /** The time of the first event after `examinedTo`, or a moment before which none can come any more; UTC milliseconds. */
  readonly nextTimeMs: number;
}

/** Which selected events to look for from the newest on. */
export interface LookBackRequest {
  readonly selection: Selection;
  /** Nothing after this offset is looked at. */
  readonly upTo: number;
  /** At most this many are looked for. */
  readonly maxEvents: number;
}

/** How far a look back came. */
export interface LookedBack {
  /** Everything after this offset, up to the requested one, was examined; not more than what is held. */
  readonly after: number;
  /** How many selected events lie there. */
  readonly count: number;
}

/** Where a moment lies in the log. */
export interface TimePosition {
  /** Every held event at or after the moment has a greater offset, every one before it has not. */
  readonly offset: number;
  /** Whether an event at or after the moment has been pruned. */
  readonly isPruned: boolean;
}

/** What may stay in the log. Whichever bound is reached first counts. [P22] */
export interface RetentionBounds {
  /** Events before this moment go; UTC milliseconds. */
  readonly beforeMs?: number | undefined;
  /** Only the newest so many stay. */
  readonly maxEvents?: number | undefined;
  /** Only the newest whose payloads sum up to so many UTF-8 bytes stay. */
  readonly maxBytes?: number | undefined;
}

/** A durable, ordered log of events. Offsets start at 1, have no holes and are never used again. */
export interface EventLog {
  /** Names this log among all logs. */
  readonly id: string;
  /** Offset of the oldest event held; `lastOffset + 1` when there is none. */
  readonly firstOffset: number;
  /** Offset of the newest event ever stored; 0 before the first. Moves after the commit (Invariant: I2). */
  readonly lastOffset: number;
  /** Why the log takes no events at the moment, as a sentence; `undefined` when it does. */
  readonly failure: string | undefined;
  /** When the wall clock was last believed, by an earlier run too; UTC milliseconds, 0 for never. */
  readonly trustedMs: number;

  /**
   * Stores events durably, all or none, in order. Appends of one turn of the loop share a commit.
   * @throws GitPubSubError `log-unavailable` or `idempotency-conflict`, and then none is stored
   */
  append(append: Append): Promise<Appended>;

  /** Calls back with every committed batch, in order, right after its commit and before `append` resolves. */
  onCommit(listener: (events: readonly Event[]) => void): void;

  /**
   * Reads a page; bounded in what it examines, whatever matches.
   * @throws GitPubSubError `offset-pruned` when something after `after` is no longer held, `log-unavailable` when it can't be read now
   */
  read(request: ReadRequest): Promise<Page>;

  /**
   * Looks for the newest selected events up to an offset; bounded in what it examines, whatever matches.
   * @throws GitPubSubError `log-unavailable`
   */
  lookBack(request: LookBackRequest): Promise<LookedBack>;

  /**
   * Finds a moment (UTC milliseconds).
   * @throws GitPubSubError `log-unavailable`
   */
  findTime(timeMs: number): Promise<TimePosition>;

  /** What a cursor at this offset carries to be recognised; `undefined` when the offset is too old or was never given. */
  checkAt(offset: number): string | undefined;

  /**
   * Removes up to `maxRemoved` of the oldest events that are out of bounds.
   * @returns how many went; fewer than `maxRemoved` when nothing is out of bounds any more
   * @throws GitPubSubError `log-unavailable`
   */
  prune(bounds: RetentionBounds, maxRemoved: number): Promise<number>;

  /** While `failure` is set: tries whether the log takes events again. */
  probe(): void;

  /** Looks after what no event brings about, such as files that somebody deletes; to be called about every second. */
  maintain(): void;

  /** Sets `trustedMs`; on disk within a minute, and when the log is closed. */
  trustClock(timeMs: number): void;

  /** From now on no append waits for a lock of another program: it is refused at once. */
  stopWaiting(): void;

  /** Waits for what was begun, then closes; nothing may be called afterwards. */
  close(): Promise<void>;
}

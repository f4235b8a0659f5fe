// One open stream: a selection, a cursor and a sink, in one of two states. The heart of the broker.
import { GitPubSubError } from '../core/errors.ts';
import type { Selection } from '../core/selection.ts';
import type { Page } from '../eventlog/event-log.ts';
import { Batch } from './batch.ts';
import type { Sink } from './sink.ts';

/** What a subscription needs of the broker around it. */
export interface SubscriptionHost {
  /** Offset of the newest event in the log. */
  lastOffset(): number;
  /** Offset up to which fan-out went. */
  fannedOutTo(): number;
  /** A page of events after an offset. */
  readPage(selection: Selection, after: number): Promise<Page>;
  /** Milliseconds that never jump. */
  monotonicMs(): number;
  /** From now on the subscription wants fan-out. */
  joinLive(subscription: Subscription): void;
  leaveLive(subscription: Subscription): void;
  /** Calls `replayStep` soon, when it is this one's turn. */
  scheduleReplay(subscription: Subscription): void;
  /** The subscription is over; nothing of it is left. */
  forget(subscription: Subscription): void;
  /** Says why a stream was cut. */
  reportCut(reason: string, error?: unknown): void;
}

/** Where a subscription starts. */
export interface StartPoint {
  /** Everything after this offset is wanted. */
  readonly after: number;
  /** No event after it is older than this, UTC milliseconds: what the first keep-alive may say. [P12] */
  readonly aliveMs: number;
}

/**
 * How often a full sink is nudged, in milliseconds. Measured: the library cuts a stream about 10 s after a write that
 * could not be sent at once, even when the rest went since, unless another one could not; so it has to be tried, and
 * filled again as soon as there is room, several times within those.
 */
const NUDGE_INTERVAL_MS = 3_000;

/**
 * `replaying`: reads the log after the cursor, page by page, unless its sink is full. `live`: takes what fan-out brings.
 * Invariant: I3. Only what lies beyond the cursor is written, in order, and the cursor moves with each write.
 */
export class Subscription {
  readonly selection: Selection;
  readonly #host: SubscriptionHost;
  readonly #sink: Sink;
  #state: 'replaying' | 'live' | 'closed' = 'replaying';
  #cursor: number;
  #aliveMs: number;
  #isReading = false;
  /** Monotonic milliseconds. */
  #lastWriteMs: number;
  /** When the full sink was last seen to move, monotonic milliseconds; `undefined` while it takes writes. */
  #fullSinceMs: number | undefined;
  #isEnding = false;

  constructor(
    host: SubscriptionHost,
    selection: Selection,
    start: StartPoint,
    sink: Sink,
    monotonicMs: number,
  ) {
    this.#host = host;
    this.selection = selection;
    this.#sink = sink;
    this.#cursor = start.after;
    this.#aliveMs = start.aliveMs;
    this.#lastWriteMs = monotonicMs;
  }

  /** Whether the sink takes nothing at the moment. */
  get isFull(): boolean {
    return this.#fullSinceMs !== undefined;
  }

  /** Goes live, or begins to replay; called once. */
  start(): void {
    this.#goOn();
  }

  /** Takes a batch of fan-out. `aliveMs`: no event after the batch is older. */
  deliver(batch: Batch, aliveMs: number, monotonicMs: number): void {
    // A subscription that went live between a batch's commit and its fan-out has it already, or a part of it.
    if (this.#state !== 'live' || batch.lastOffset <= this.#cursor) return;
    this.#write(batch.after(this.#cursor), aliveMs, batch.lastOffset, monotonicMs);
    if (this.isFull && this.#isLive()) this.#leaveLive(batch.lastOffset);
  }

  /** Reads and writes one page; the host calls it in turn. Never rejects. */
  async replayStep(): Promise<void> {
    if (this.#state !== 'replaying' || this.isFull || this.#isReading) return;
    this.#isReading = true;
    const page = await this.#readPage();
    this.#isReading = false;
    // Why again: a keep-alive may have filled the sink meanwhile; then the page is read anew once it drained.
    if (page && this.#isReplaying() && !this.isFull) this.#takePage(page);
  }

  /** The full sink moved: some of what it holds went, perhaps all. */
  progressed(): void {
    if (this.#state === 'closed' || !this.isFull) return;
    this.#fullSinceMs = this.#host.monotonicMs();
    this.#nudge(this.#fullSinceMs);
  }

  /**
   * Says that the stream is alive when nothing was written for `intervalMs`, unless its client is not reading. A live
   * stream may say `nowMs`, since fan-out has nothing left for it; any other only what its last page allowed. [P12, P23]
   */
  keepAlive(nowMs: number, monotonicMs: number, intervalMs: number): void {
    if (this.#state === 'closed' || this.isFull || monotonicMs - this.#lastWriteMs < intervalMs) return;
    this.#lastWriteMs = monotonicMs;
    if (this.#state === 'live') this.#aliveMs = nowMs;
    if (this.#sink.keepAlive(this.#aliveMs)) return;
    this.#fullSinceMs = monotonicMs;
    if (this.#isLive()) this.#leaveLive(this.#host.fannedOutTo());
  }

  /** Tries now and then to send what a full sink holds, and cuts it when it has not moved for `stallMs`. [P23] */
  checkStall(monotonicMs: number, stallMs: number): void {
    if (this.#state === 'closed' || this.#fullSinceMs === undefined) return;
    if (monotonicMs - this.#fullSinceMs >= stallMs) this.#cut('stalled');
    else if (monotonicMs - this.#lastWriteMs >= NUDGE_INTERVAL_MS) this.#nudge(monotonicMs);
  }

  /** Ends the stream cleanly; one whose sink is full ends once it drained. [P27] */
  end(): void {
    if (this.#state === 'closed') return;
    this.#isEnding = true;
    if (this.isFull) return;
    this.#close();
    this.#sink.end();
  }

  /** Ends the stream at once and visibly. */
  cut(reason: string): void {
    this.#cut(reason);
  }

  /** The client went away: nothing may be written any more. */
  abandon(): void {
    this.#close();
  }

  #nudge(monotonicMs: number): void {
    this.#lastWriteMs = monotonicMs;
    if (!this.#sink.nudge() || this.#isClosed()) return;
    this.#fullSinceMs = undefined;
    if (this.#isEnding) this.end();
    else this.#goOn();
  }

  // The one place that decides between the states; in the same tick as the last look at the log.
  #goOn(): void {
    if (this.#state === 'closed') return;
    if (this.#cursor >= this.#host.lastOffset()) {
      this.#state = 'live';
      this.#host.joinLive(this);
    } else {
      this.#host.scheduleReplay(this);
    }
  }

  async #readPage(): Promise<Page | undefined> {
    try {
      return await this.#host.readPage(this.selection, this.#cursor);
    } catch (error) {
      this.#handleReadError(error);
      return undefined;
    }
  }

  // What is lost or can't be read can only be told of by a cut; the client comes back and is told more. [P21]
  #handleReadError(error: unknown): void {
    if (this.#state !== 'replaying') return;
    if (error instanceof GitPubSubError && error.code === 'offset-pruned') this.#cut('overtaken by pruning');
    else this.#cut('the log could not be read', error);
  }

  #takePage(page: Page): void {
    this.#aliveMs = page.nextTimeMs;
    if (page.events.length > 0)
      this.#write(new Batch(page.events), page.nextTimeMs, page.examinedTo, this.#host.monotonicMs());
    else this.#cursor = page.examinedTo;
    if (!this.isFull) this.#goOn();
  }

  #write(batch: Batch, aliveMs: number, examinedTo: number, monotonicMs: number): void {
    const isTaking = this.#sink.write(batch, aliveMs);
    this.#cursor = examinedTo;
    this.#aliveMs = aliveMs;
    this.#lastWriteMs = monotonicMs;
    if (!isTaking) this.#fullSinceMs = monotonicMs;
  }

  // A live stream's cursor moves with what it gets; that the rest was examined for it counts only now.
  #leaveLive(examinedTo: number): void {
    this.#cursor = Math.max(this.#cursor, examinedTo);
    this.#state = 'replaying';
    this.#host.leaveLive(this);
  }

  #cut(reason: string, error?: unknown): void {
    if (this.#state === 'closed') return;
    this.#host.reportCut(reason, error);
    this.#close();
    this.#sink.cut();
  }

  #close(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'live') this.#host.leaveLive(this);
    this.#state = 'closed';
    this.#host.forget(this);
  }

  // Why methods: the state may have changed across a call, which narrowing doesn't know.
  #isLive(): boolean {
    return this.#state === 'live';
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #isReplaying(): boolean {
    return this.#state === 'replaying';
  }
}

// One open stream: a selection, a cursor and a sink, in one of two states. The heart of the broker.
import { GitPubSubError } from '../core/errors.ts';
import type { Selection } from '../core/selection.ts';
import { cutBatch, type Batch } from './batch.ts';
import type { ReplayPage } from './page-cache.ts';
import type { Sink } from './sink.ts';
import type { BrokerStatistics, StreamEnd } from './statistics.ts';
import type { Watermark } from './watermark.ts';

/** What a subscription needs of the broker around it. */
export interface SubscriptionHost {
  readonly statistics: BrokerStatistics;
  /** Offset of the newest event in the log. */
  lastOffset(): number;
  /** A page of events after an offset. */
  readPage(selection: Selection, after: number): Promise<ReplayPage>;
  /** Milliseconds that never jump. */
  monotonicMs(): number;
  /** From now on the subscription wants fan-out. */
  joinLive(subscription: Subscription): void;
  leaveLive(subscription: Subscription): void;
  /** Calls `replayStep` soon, when it is this one's turn. */
  scheduleReplay(subscription: Subscription): void;
  /** The subscription is over; nothing of it is left. */
  forget(subscription: Subscription, end: StreamEnd): void;
  /** Says whose stream was cut, and why. */
  reportCut(subscription: Subscription, end: StreamEnd, error?: unknown): void;
}

/** What a subscription is made of. */
export interface SubscriptionOptions {
  readonly selection: Selection;
  /** Everything after it is wanted. */
  readonly start: Watermark;
  readonly sink: Sink;
  /** The offset it ends at; `undefined` for one that does not. [P16] */
  readonly until?: number | undefined;
}

/**
 * How often a full sink is nudged, in milliseconds. Measured: the library cuts a stream about 10 s after a write that
 * could not be sent at once, even when the rest went since, unless another one could not; so it has to be tried, and
 * filled again as soon as there is room, several times within those.
 */
const NUDGE_INTERVAL_MS = 3_000;

/**
 * `replaying`: reads the log after the cursor, page by page, unless its sink is full. `live`: takes what fan-out brings.
 * Invariant: I3. Only what lies beyond the watermark is written, in order, and the watermark moves with each write.
 */
export class Subscription {
  readonly sink: Sink;
  readonly #host: SubscriptionHost;
  #selection: Selection;
  readonly #until: number;
  #state: 'replaying' | 'live' | 'closed' = 'replaying';
  /** Its offset is the subscription's cursor. */
  #watermark: Watermark;
  #isReading = false;
  /** Monotonic milliseconds. */
  #lastWriteMs: number;
  /** When the full sink was last seen to move, monotonic milliseconds; `undefined` while it takes writes. */
  #fullSinceMs: number | undefined;
  #isEnding = false;

  constructor(host: SubscriptionHost, { selection, start, sink, until }: SubscriptionOptions) {
    this.#host = host;
    this.#selection = selection;
    this.sink = sink;
    this.#until = until ?? Infinity;
    this.#watermark = start;
    this.#lastWriteMs = host.monotonicMs();
  }

  /** What it wants of what lies beyond its cursor. */
  get selection(): Selection {
    return this.#selection;
  }

  /** Whether the sink takes nothing at the moment. */
  get isFull(): boolean {
    return this.#fullSinceMs !== undefined;
  }

  /** Goes live, or begins to replay; called once. */
  start(): void {
    this.#goOn();
  }

  /** Takes a batch of fan-out. */
  deliver(batch: Batch, monotonicMs: number): void {
    // A subscription that went live between a batch's commit and its fan-out has it already, or a part of it.
    if (this.#state !== 'live' || batch.lastOffset <= this.#watermark.offset) return;
    const wanted = batch.after(this.#watermark.offset);
    this.#host.statistics.deliveredEvents += wanted.events.length;
    this.#write(wanted, monotonicMs);
    if (this.isFull && this.#isLive()) this.#leaveLive();
  }

  /** What it wants of a fan-out was not looked at: it reads the log itself, in its turn. */
  fallBehind(): void {
    // Who went live between the commit and its fan-out has it already.
    if (this.#state !== 'live' || this.#watermark.offset >= this.#host.lastOffset()) return;
    this.#leaveLive();
    this.#goOn();
  }

  /** Reads and writes one page; the host calls it in turn. Never rejects. */
  async replayStep(): Promise<void> {
    if (this.#state !== 'replaying' || this.isFull || this.#isReading) return;
    this.#isReading = true;
    const selection = this.#selection;
    const page = await this.#readPage();
    this.#isReading = false;
    // Why again: a keep-alive may have filled the sink meanwhile; then the page is read anew once it drained.
    if (!page || !this.#isReplaying() || this.isFull) return;
    if (selection === this.#selection) this.#takePage(page);
    else this.#goOn();
  }

  /** Wants something else from its cursor on. */
  select(selection: Selection): void {
    if (selection.key === this.#selection.key) return;
    if (this.#state === 'live') this.#host.leaveLive(this);
    this.#selection = selection;
    if (this.#state === 'live') this.#host.joinLive(this);
  }

  /** The full sink moved: some of what it holds went, perhaps all. */
  progressed(): void {
    if (this.#state === 'closed' || !this.isFull) return;
    this.#fullSinceMs = this.#host.monotonicMs();
    this.#nudge(this.#fullSinceMs);
  }

  /**
   * Says that the stream is alive when nothing was written for `intervalMs`, unless its client is not reading. A live
   * stream is as far as fan-out, `live`; any other only as far as its last page. [P12, P23]
   */
  keepAlive(live: Watermark, monotonicMs: number, intervalMs: number): void {
    if (this.#state === 'closed' || this.isFull || monotonicMs - this.#lastWriteMs < intervalMs) return;
    this.#lastWriteMs = monotonicMs;
    if (this.#state === 'live') this.#watermark = live;
    if (this.sink.keepAlive(this.#watermark)) return;
    this.#fullSinceMs = monotonicMs;
    if (this.#isLive()) this.#leaveLive();
  }

  /** Tries now and then to send what a full sink holds, and cuts it when it has not moved for `stallMs`. [P23] */
  checkStall(monotonicMs: number, stallMs: number): void {
    if (this.#state === 'closed' || this.#fullSinceMs === undefined) return;
    if (monotonicMs - this.#fullSinceMs >= stallMs) this.#cut('stalled');
    else if (monotonicMs - this.#lastWriteMs >= NUDGE_INTERVAL_MS) this.#nudge(monotonicMs);
  }

  /**
   * Ends the stream cleanly; one whose sink is full ends once it drained. One that ends at an offset goes on until it is
   * there, for its clean end says that everything came. [P16, P27]
   */
  end(): void {
    if (this.#state === 'closed' || this.#until !== Infinity) return;
    this.#isEnding = true;
    if (!this.isFull) this.#finish();
  }

  /** Ends the stream at once and visibly. */
  cut(end: StreamEnd): void {
    this.#cut(end);
  }

  /** The client went away: nothing may be written any more. */
  abandon(): void {
    this.#close('client left');
  }

  #nudge(monotonicMs: number): void {
    this.#lastWriteMs = monotonicMs;
    if (!this.sink.nudge() || this.#isClosed()) return;
    this.#fullSinceMs = undefined;
    if (this.#isEnding) this.end();
    else this.#goOn();
  }

  // The one place that decides between the states; in the same tick as the last look at the log.
  #goOn(): void {
    if (this.#state === 'closed') return;
    if (this.#watermark.offset >= this.#until) {
      this.#finish();
    } else if (this.#watermark.offset >= this.#host.lastOffset()) {
      this.#state = 'live';
      this.#host.joinLive(this);
    } else {
      this.#host.scheduleReplay(this);
    }
  }

  async #readPage(): Promise<ReplayPage | undefined> {
    try {
      return await this.#host.readPage(this.#selection, this.#watermark.offset);
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

  #takePage({ batch, watermark }: ReplayPage): void {
    const wanted = batch && cutBatch(batch, this.#until);
    if (wanted) {
      this.#host.statistics.replayedEvents += wanted.events.length;
      this.#write(wanted, this.#host.monotonicMs());
    } else {
      this.#watermark = watermark;
    }
    // Why also a full one at its end: the last it holds the connection drains by itself.
    if (!this.isFull || watermark.offset >= this.#until) this.#goOn();
  }

  #write(batch: Batch, monotonicMs: number): void {
    const isTaking = this.sink.write(batch);
    this.#watermark = batch.watermark;
    this.#lastWriteMs = monotonicMs;
    if (!isTaking) this.#fullSinceMs = monotonicMs;
  }

  #leaveLive(): void {
    this.#state = 'replaying';
    this.#host.leaveLive(this);
  }

  #finish(): void {
    this.#close(this.#isEnding ? 'shutting down' : 'done');
    this.sink.end();
  }

  #cut(end: StreamEnd, error?: unknown): void {
    if (this.#state === 'closed') return;
    this.#host.reportCut(this, end, error);
    this.#close(end);
    this.sink.cut();
  }

  #close(end: StreamEnd): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'live') this.#host.leaveLive(this);
    this.#state = 'closed';
    this.#host.forget(this, end);
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

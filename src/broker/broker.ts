// The domain: publishing into the log, fan-out of what it commits, and the subscriptions. Knows no HTTP and no SQL.
import type { Clock, SteadyClock } from '../core/clock.ts';
import { formatCursor } from '../core/cursor.ts';
import type { GitPubSubError } from '../core/errors.ts';
import type { Append, Event } from '../core/event.ts';
import type { Logger } from '../core/logger.ts';
import type { Selection } from '../core/selection.ts';
import type { EventLog } from '../eventlog/event-log.ts';
import { Admissions } from './admissions.ts';
import { toBatches } from './batch.ts';
import { LiveIndex } from './live-index.ts';
import { LogWatch } from './log-watch.ts';
import { PageCache } from './page-cache.ts';
import { ReplayQueue } from './replay-queue.ts';
import { Retention, type RetentionPolicy } from './retention.ts';
import type { Sink } from './sink.ts';
import { StartPoints, type ResumePoint } from './start-points.ts';
import { BrokerStatistics, type StreamEnd } from './statistics.ts';
import { Subscription, type SubscriptionHost } from './subscription.ts';
import type { Watermark } from './watermark.ts';

/** What may change while the broker runs. */
export interface BrokerSettings {
  readonly keepAliveMs: number;
  readonly stallMs: number;
  readonly retention: RetentionPolicy;
}

/** What the broker is made of and how it is set at first. */
export interface BrokerOptions extends BrokerSettings {
  readonly eventLog: EventLog;
  readonly clock: Clock;
  readonly steadyClock: SteadyClock;
  readonly logger: Logger;
  /** Told after each fan-out how long it took, in milliseconds. */
  readonly observeFanOut: (durationMs: number) => void;
}

/** What a publisher is told once its events are on disk. */
export interface Receipt {
  /** Of the last event, UTC milliseconds. */
  readonly timeMs: number;
  /** At the last event. */
  readonly cursor: string;
  /** Whether they were on disk already, from an earlier request with the same idempotency key. */
  readonly isReplayed: boolean;
}

/** How often `tick` is to be called, in milliseconds; keep-alives come so much early at the most. */
export const TICK_MS = 500;

/** How long filters may hold up one fan-out, in milliseconds; whoever is not looked at by then reads the log instead. */
const MAX_FILTER_MS = 5;

/** How long a draining broker waits for publishers, in milliseconds, so that a slow body doesn't keep the streams from a clean end. */
const PUBLISHER_DEADLINE_MS = 2_500;

/** How long what is left of them is waited for once it is refused, in milliseconds. */
const REFUSAL_DEADLINE_MS = 200;

/** The broker of one log. */
export class Broker {
  /** Where streams may start. */
  readonly starts: StartPoints;
  /** What was counted since start. */
  readonly statistics: BrokerStatistics = new BrokerStatistics();
  readonly #options: BrokerOptions;
  #settings: BrokerSettings;
  readonly #eventLog: EventLog;
  readonly #retention: Retention;
  readonly #live = new LiveIndex<Subscription>();
  readonly #subscriptions = new Set<Subscription>();
  readonly #replayQueue: ReplayQueue;
  readonly #pageCache: PageCache;
  readonly #logWatch: LogWatch;
  readonly #host: SubscriptionHost;
  #committed: Event[] = [];
  #fannedOutTo: number;
  #isFanOutScheduled = false;
  readonly #admissions: Admissions;
  #isDraining = false;
  #idleListener: (() => void) | undefined;

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.#settings = options;
    this.#eventLog = options.eventLog;
    this.#admissions = new Admissions(options.clock);
    this.#replayQueue = new ReplayQueue(options.clock);
    this.starts = new StartPoints(options.eventLog, options.steadyClock, this.#replayQueue);
    this.#pageCache = new PageCache(options.eventLog);
    this.#fannedOutTo = options.eventLog.lastOffset;
    this.#retention = new Retention(options.eventLog, options.retention, options, options.logger);
    this.#logWatch = new LogWatch(options.eventLog, options.clock, options.logger);
    this.#host = this.#createHost();
    options.eventLog.onCommit((events) => this.#takeCommitted(events));
  }

  /** Open streams. */
  get subscriberCount(): number {
    return this.#subscriptions.size;
  }

  /** Open streams whose client does not keep up. */
  get fullCount(): number {
    let count = 0;
    for (const { isFull } of this.#subscriptions) if (isFull) count += 1;
    return count;
  }

  /** Why events are not taken at the moment, as a sentence; `undefined` when they are. [P25] */
  get unreadyReason(): string | undefined {
    if (this.#isDraining) return 'The broker is shutting down.';
    const reason = this.#logWatch.failure;
    return reason && `The event log cannot store events: ${reason}.`;
  }

  /**
   * Lets a publisher in before its events are here, so that shutting down waits for them; `giveUp` is called when it does not
   * wait any longer. [P27]
   * @returns what to call once it is done, whatever became of it
   * @throws GitPubSubError `shutting-down`
   */
  admitPublisher(giveUp: (error: GitPubSubError) => void): () => void {
    return this.#admissions.admit(giveUp);
  }

  /**
   * Stores events, all or none; resolves once they are durable. (Invariant: I1)
   * @throws GitPubSubError `log-unavailable` or `idempotency-conflict`, and then nothing was stored
   */
  async publish(append: Append): Promise<Receipt> {
    const { lastOffset, timeMs, isReplayed } = await this.#eventLog.append(append);
    if (isReplayed) this.statistics.deduplicatedRequests += 1;
    else this.statistics.publishedEvents += append.events.length;
    return { timeMs, cursor: this.cursorAt(lastOffset), isReplayed };
  }

  /**
   * Opens a stream that starts at a point from {@link Broker.starts}; `sink` must be ready to be written to.
   * With `until`, an offset of the log, it ends there. [P16]
   */
  subscribe(selection: Selection, start: ResumePoint, sink: Sink, until?: number): Subscription {
    if (start.gap) this.statistics.gaps.add(start.gap);
    const subscription = new Subscription(this.#host, { selection, start, sink, until });
    this.#subscriptions.add(subscription);
    subscription.start();
    if (this.#isDraining) subscription.end();
    return subscription;
  }

  /** The cursor of an offset of this log. */
  cursorAt(offset: number): string {
    return formatCursor({
      logId: this.#eventLog.id,
      offset,
      check: this.#eventLog.checkAt(offset) ?? '00000000',
    });
  }

  /** Goes on with other settings. */
  configure(settings: BrokerSettings): void {
    this.#settings = settings;
    this.#retention.configure(settings.retention);
  }

  /** Keep-alives, stalled streams, retention, the log's health: to be called every {@link TICK_MS}. */
  tick(): void {
    this.#fanOut(); // So that no keep-alive is newer than an event that is still to be handed over. [P12]
    const live = this.#liveWatermark();
    const monotonicMs = this.#options.clock.monotonicMs();
    const { keepAliveMs, stallMs } = this.#settings;
    const intervalMs = keepAliveMs - Math.min(TICK_MS, keepAliveMs / 2);
    for (const subscription of this.#subscriptions) {
      subscription.keepAlive(live, monotonicMs, intervalMs);
      subscription.checkStall(monotonicMs, stallMs);
    }
    this.#pageCache.clear();
    this.#logWatch.check();
    this.#retention.tick(monotonicMs);
  }

  /** Takes no more events, finishes those begun, hands over what is committed and ends every stream that drains. [P27] */
  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#retention.stop();
    this.#admissions.close();
    await this.#admissions.whenDone(PUBLISHER_DEADLINE_MS);
    this.#eventLog.stopWaiting();
    this.#admissions.giveUp();
    await this.#admissions.whenDone(REFUSAL_DEADLINE_MS);
    this.#fanOut();
    for (const subscription of this.#subscriptions) subscription.end();
    if (this.#subscriptions.size > 0) await new Promise<void>((resolve) => (this.#idleListener = resolve));
  }

  /** Ends every stream that is still open, visibly. */
  cutAll(): void {
    for (const subscription of this.#subscriptions) subscription.cut('shutting down');
  }

  /** Tells every open stream what it reads from now on; where that is `undefined`, it ends at once, and visibly. */
  reviewStreams(selectAgain: (selection: Selection, sink: Sink) => Selection | undefined): void {
    for (const subscription of this.#subscriptions) {
      const selection = selectAgain(subscription.selection, subscription.sink);
      if (selection) subscription.select(selection);
      else subscription.cut('right withdrawn');
    }
  }

  #createHost(): SubscriptionHost {
    return {
      statistics: this.statistics,
      lastOffset: () => this.#eventLog.lastOffset,
      monotonicMs: () => this.#options.clock.monotonicMs(),
      readPage: (selection, after) => this.#pageCache.read(selection, after),
      joinLive: (subscription) => this.#live.add(subscription.selection, subscription),
      leaveLive: (subscription) => this.#live.remove(subscription.selection, subscription),
      scheduleReplay: (subscription) => this.#replayQueue.add(subscription),
      forget: (subscription, end) => this.#forget(subscription, end),
      reportCut: ({ sink: { reader } }, end, error) => {
        if (error === undefined) this.#options.logger.info({ reason: end, ...reader }, 'stream cut');
        else this.#options.logger.warn({ reason: end, ...reader, err: error }, 'stream cut');
      },
    };
  }

  // Fan-out listens to the log's commits, in a later turn than they were made in, after the acknowledgements. (Invariant: I1)
  #takeCommitted(events: readonly Event[]): void {
    this.#committed = this.#committed.concat(events);
    if (this.#isFanOutScheduled) return;
    this.#isFanOutScheduled = true;
    setImmediate(() => this.#fanOut());
  }

  #fanOut(): void {
    this.#isFanOutScheduled = false;
    const events = this.#committed;
    if (events.length === 0) return;
    this.#committed = [];
    this.#fannedOutTo = events.at(-1)?.offset ?? this.#fannedOutTo;
    const watermark = this.#liveWatermark();
    const { clock, observeFanOut } = this.#options;
    const monotonicMs = clock.monotonicMs();
    const hasTime = (): boolean => clock.monotonicMs() - monotonicMs < MAX_FILTER_MS;
    const { wanted, late } = this.#live.distribute(events, hasTime);
    for (const [{ members }, ofGroup] of wanted) {
      for (const batch of toBatches(ofGroup, watermark))
        for (const subscription of members) subscription.deliver(batch, monotonicMs);
    }
    for (const { members } of late) for (const subscription of members) subscription.fallBehind();
    observeFanOut(clock.monotonicMs() - monotonicMs);
  }

  // How far a live stream is once fan-out is through.
  #liveWatermark(): Watermark {
    return { offset: this.#fannedOutTo, timeMs: this.#options.steadyClock.nowMs() };
  }

  #forget(subscription: Subscription, end: StreamEnd): void {
    this.statistics.ends.add(end);
    this.#subscriptions.delete(subscription);
    this.#replayQueue.delete(subscription);
    if (this.#subscriptions.size === 0) this.#idleListener?.();
  }
}

// What must be true of every subscription, whatever happens around it (Invariant: I3), as a model that runs beside a real
// broker: it keeps every event that was ever committed, and knows from a stream's start and selection what it must get.
import type { Batch } from '../../src/broker/batch.ts';
import type { Watermark } from '../../src/broker/watermark.ts';
import { Broker } from '../../src/broker/broker.ts';
import type { ResumePoint } from '../../src/broker/start-points.ts';
import type { Subscription } from '../../src/broker/subscription.ts';
import { SteadyClock, type Clock } from '../../src/core/clock.ts';
import { parseCursor } from '../../src/core/cursor.ts';
import type { Event, NewEvent } from '../../src/core/event.ts';
import { selectPrefixes, selects, type Selection } from '../../src/core/selection.ts';
import { parseTopic } from '../../src/core/topic.ts';
import type { EventLog } from '../../src/eventlog/event-log.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeSink } from '../support/fake-sink.ts';
import { SilentLogger } from '../support/silent-logger.ts';
import { passTurns } from '../support/turns.ts';

/** Opens the log of one model; again after each restart, on what is stored. */
export type OpenLog = (clock: Clock, steadyClock: SteadyClock) => EventLog;

/** Keeps what a crash would leave of the open log. @returns what puts that in the place of the log that was closed */
export type KeepCrashed = () => () => void;

/** One thing that happens. Whom it happens to is counted through all streams so far, round and round. */
export type Step =
  /** Publishers come in one turn; each brings one event or several at once. */
  | { readonly type: 'publish'; readonly publishers: readonly (readonly EventSketch[])[] }
  | { readonly type: 'burst'; readonly path: string; readonly count: number }
  | { readonly type: 'turns'; readonly count: number }
  | { readonly type: 'tick'; readonly afterMs: number }
  | { readonly type: 'shift wall clock'; readonly ms: number }
  | { readonly type: 'open live'; readonly paths: readonly string[]; readonly credit: number }
  /** `where` is a share of the log, from 0 to 1. */
  | {
      readonly type: 'open at cursor' | 'open at time';
      readonly paths: readonly string[];
      readonly credit: number;
      readonly where: number;
    }
  /** The client reads; `isTold` says whether its sink hears of it at once or at the next nudge. */
  | { readonly type: 'read'; readonly whose: number; readonly credit: number; readonly isTold: boolean }
  | { readonly type: 'leave'; readonly whose: number }
  /** A client comes with a time that was told: somewhere in the list of all of them, from 0 to 1. */
  | { readonly type: 'resume by any time'; readonly where: number }
  /** The client leaves and comes back with the last keep-alive's time, or with the cursor of the last event it got. */
  | {
      readonly type: 'resume by time' | 'resume by cursor';
      readonly whose: number;
      readonly credit: number;
    }
  | { readonly type: 'prune'; readonly keep: number }
  /** The wall clock is set meanwhile. */
  | { readonly type: 'restart'; readonly shiftMs: number; readonly isCrash: boolean };

export interface EventSketch {
  readonly path: string;
  readonly bytes: number;
}

const KEEP_ALIVE_MS = 5_000;

const EVERYTHING = selectPaths(['/']);

/** So many turns without any progress, and what is missing is not going to come. */
const PATIENCE_TURNS = 2_000;

/** A broker, its log, its streams, and what is known of them. */
export class BrokerModel {
  /** What was wrong, in words. */
  readonly violations: string[] = [];
  readonly #openLog: OpenLog;
  readonly #keepCrashed: KeepCrashed | undefined;
  readonly #clock = new FakeClock();
  readonly #committed: Event[] = [];
  readonly #acknowledged = new Set<string>();
  readonly #streams: Stream[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #eventLog: EventLog;
  #broker: Broker;
  #publishedCount = 0;
  /** Every time that was told, and what whoever resumes from it must not miss. */
  readonly #told: { readonly timeMs: number; readonly selection: Selection; readonly position: number }[] =
    [];
  #latestAliveMs = 0;
  #isRestarting = false;

  constructor(openLog: OpenLog, keepCrashed?: KeepCrashed) {
    this.#openLog = openLog;
    this.#keepCrashed = keepCrashed;
    [this.#eventLog, this.#broker] = this.#start();
  }

  /** Takes all steps, waits until everybody has what is due, and closes the log. */
  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#take(step);
    await this.#settle();
    // Whoever is live by now must still be reached.
    for (const path of ['/', '/a/b/c', '/ab', '/a%20/b']) this.#publish([{ path, bytes: 1 }]);
    await this.#settle();
    this.#checkStreams();
    await this.#stop();
  }

  /** The next event after an offset that a selection wants, of all that were ever committed. */
  nextWanted(selection: Selection, after: number): Event | undefined {
    for (let index = after; index < this.#committed.length; index++) {
      const event = this.#committed[index];
      if (event && selects(selection, event)) return event;
    }
    return undefined;
  }

  checkHanded(stream: Stream, event: Event): void {
    const wanted = this.nextWanted(stream.selection, stream.position);
    if (!wanted || !isSame(wanted, event))
      stream.complain(`got event ${event.offset} after ${stream.position}, wanted ${wanted?.offset}`);
    if (!this.#acknowledged.has(event.payload))
      stream.complain(`got event ${event.offset} before its publisher was answered`);
  }

  checkWatermark(stream: Stream, { offset, timeMs: aliveMs }: Watermark): void {
    const wanted = this.nextWanted(stream.selection, stream.position);
    if (wanted && wanted.timeMs < aliveMs)
      stream.complain(`was told ${aliveMs} before event ${wanted.offset} of ${wanted.timeMs}`);
    if (wanted && wanted.offset <= offset)
      stream.complain(`was told the offset ${offset} before event ${wanted.offset}`);
    if (offset < stream.watermark.offset || offset < stream.position)
      stream.complain(
        `was told the offset ${offset} after ${stream.watermark.offset} and ${stream.position}`,
      );
    if (!(aliveMs > 0)) stream.complain(`was told the time ${aliveMs}`);
    this.#latestAliveMs = Math.max(this.#latestAliveMs, aliveMs);
    this.#remember(aliveMs, stream.selection, stream.position);
  }

  checkCut(stream: Stream): void {
    if (!this.#isRestarting && this.#prunedOffset() <= stream.position)
      stream.complain(`was cut though nothing after ${stream.position} was pruned`);
  }

  #start(): [EventLog, Broker] {
    const steadyClock = new SteadyClock(this.#clock);
    const eventLog = this.#openLog(this.#clock, steadyClock);
    if (steadyClock.nowMs() < this.#latestAliveMs)
      this.violations.push(`after a start, ${this.#latestAliveMs}, which was told, is in the future`);
    eventLog.onCommit((events) => this.#takeCommitted(events));
    const broker = new Broker({
      eventLog,
      clock: this.#clock,
      steadyClock,
      logger: new SilentLogger(),
      keepAliveMs: KEEP_ALIVE_MS,
      stallMs: Infinity,
      observeFanOut: () => {},
      retention: { maxAgeMs: undefined, maxEvents: undefined, maxBytes: undefined },
    });
    return [eventLog, broker];
  }

  async #stop(isCrash: boolean = false): Promise<void> {
    this.#isRestarting = true;
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    this.#broker.cutAll();
    const putBack = isCrash ? this.#keepCrashed?.() : undefined;
    await this.#eventLog.close();
    putBack?.();
    this.#isRestarting = false;
  }

  #takeCommitted(events: readonly Event[]): void {
    for (const event of events) {
      this.#committed.push(event);
      if (event.offset !== this.#committed.length)
        this.violations.push(`offset ${event.offset} was given to event ${this.#committed.length}`);
      if (event.timeMs < this.#latestAliveMs)
        this.violations.push(`event ${event.offset} is older than a time that was told before it`);
    }
  }

  async #take(step: Step): Promise<void> {
    switch (step.type) {
      case 'publish':
        for (const sketches of step.publishers) this.#publish(sketches);
        return;
      case 'burst':
        this.#publish(Array.from({ length: step.count }, () => ({ path: step.path, bytes: 1 })));
        return;
      case 'turns':
        return passTurns(step.count);
      case 'tick':
        this.#clock.advance(step.afterMs);
        this.#broker.tick();
        return;
      case 'shift wall clock':
        this.#clock.shiftWall(step.ms);
        return;
      case 'open live':
        this.#openStream(selectPaths(step.paths), step.credit, this.#broker.starts.live());
        return;
      case 'open at cursor':
        return this.#begin(() => this.#openAtCursor(step.paths, step.credit, step.where));
      case 'open at time':
        return this.#begin(() => this.#openAtTime(step.paths, step.credit, step.where));
      case 'read':
        this.#pick(step.whose)?.read(step.credit, step.isTold);
        return;
      case 'leave':
        this.#pick(step.whose)?.leave();
        return;
      case 'resume by any time':
        return this.#begin(() => this.#resumeByAnyTime(step.where));
      case 'resume by time':
      case 'resume by cursor':
        return this.#begin(() => this.#resume(step.type, step.credit, this.#pick(step.whose)));
      case 'prune':
        return this.#begin(async () => void (await this.#eventLog.prune({ maxEvents: step.keep }, 100_000)));
      case 'restart':
        return this.#restart(step.shiftMs, step.isCrash);
    }
  }

  #publish(sketches: readonly EventSketch[]): void {
    const events = sketches.map(({ path, bytes }): NewEvent => {
      this.#publishedCount += 1;
      return { topic: parseTopic(path), payload: `"${this.#publishedCount} ${'x'.repeat(bytes)}"` };
    });
    const expected = this.#publishedCount;
    this.#begin(async () => {
      const receipt = await this.#broker.publish({ events, publisher: 'unix' });
      for (const { payload } of events) this.#acknowledged.add(payload);
      // A publisher is told whole seconds.
      this.#remember(Math.floor(receipt.timeMs / 1_000) * 1_000, EVERYTHING, expected - events.length);
      if (receipt.cursor !== this.#broker.cursorAt(expected))
        this.violations.push(`event ${expected} was acknowledged with the cursor ${receipt.cursor}`);
    });
  }

  async #openAtCursor(paths: readonly string[], credit: number, where: number): Promise<void> {
    const offset = Math.round(where * this.#eventLog.lastOffset);
    const prunedBefore = this.#prunedOffset();
    const start = await this.#broker.starts.atCursor(parseCursor(this.#broker.cursorAt(offset)));
    this.#checkCursorStart(offset, start, prunedBefore);
    this.#openStream(selectPaths(paths), credit, start);
  }

  async #openAtTime(paths: readonly string[], credit: number, where: number): Promise<void> {
    const event = this.#committed[Math.round(where * this.#committed.length)];
    const timeMs = event?.timeMs ?? this.#clock.nowMs();
    const known = this.#committed.length;
    const start = await this.#broker.starts.atTime(timeMs);
    this.#checkTimeStart(timeMs, start, known);
    this.#openStream(selectPaths(paths), credit, start);
  }

  async #resume(type: Step['type'], credit: number, stream: Stream | undefined): Promise<void> {
    if (!stream) return;
    stream.leave();
    const { position, selection } = stream;
    const start = await (type === 'resume by time'
      ? this.#broker.starts.atTime(stream.watermark.timeMs)
      : this.#broker.starts.atCursor(parseCursor(this.#broker.cursorAt(stream.watermark.offset))));
    const next = this.nextWanted(selection, position);
    if (next && next.offset <= start.offset && start.gap === undefined)
      stream.complain(`could not resume (${type}): event ${next.offset} is not after ${start.offset}`);
    this.#openStream(selection, credit, start);
  }

  async #resumeByAnyTime(where: number): Promise<void> {
    const told = this.#told[Math.floor(where * this.#told.length)];
    if (!told) return;
    const { timeMs, selection, position } = told;
    const start = await this.#broker.starts.atTime(timeMs);
    const next = this.nextWanted(selection, position);
    if (next && next.offset <= start.offset && start.gap === undefined)
      this.violations.push(`who resumes from ${timeMs} misses event ${next.offset} of ${next.timeMs}`);
  }

  #remember(timeMs: number, selection: Selection, position: number): void {
    this.#told.push({ timeMs, selection, position });
  }

  #checkCursorStart(offset: number, start: ResumePoint, prunedBefore: number): void {
    const { offset: after, gap } = start;
    if (gap === undefined && after === offset) return;
    if (gap === 'expired' && offset < this.#prunedOffset() && after >= prunedBefore && after > offset) return;
    this.violations.push(`the cursor ${offset} led to ${JSON.stringify(start)}`);
  }

  // What was committed after the first `known` events comes live, whatever its time.
  #checkTimeStart(timeMs: number, start: ResumePoint, known: number): void {
    const before = this.#committed.slice(0, start.offset);
    const missed = before.filter((event) => event.timeMs >= timeMs);
    const older = this.#committed.slice(start.offset, known).filter((event) => event.timeMs < timeMs);
    const isGapTrue = start.gap === undefined ? missed.length === 0 : missed.length > 0;
    const isHeldMissed = missed.some((event) => event.offset > this.#prunedOffset());
    if (!isGapTrue || isHeldMissed || older.length > 0)
      this.violations.push(`the time ${timeMs} led to ${JSON.stringify(start)}`);
  }

  async #restart(shiftMs: number, isCrash: boolean): Promise<void> {
    await this.#stop(isCrash);
    this.#clock.shiftWall(shiftMs);
    [this.#eventLog, this.#broker] = this.#start();
  }

  #openStream(selection: Selection, credit: number, start: ResumePoint): void {
    const stream = new Stream(this, this.#streams.length, selection, start, credit);
    this.checkWatermark(stream, start);
    this.#streams.push(stream);
    stream.subscription = this.#broker.subscribe(selection, start, stream.sink);
  }

  #pick(whose: number): Stream | undefined {
    return this.#streams[whose % this.#streams.length];
  }

  #begin(work: () => Promise<void>): void {
    const done = work()
      .catch((error: unknown) => void this.violations.push(`failed: ${String(error)}`))
      .finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }

  // Everybody reads until nothing is due any more, or nothing moves any more.
  async #settle(): Promise<void> {
    let progress = '';
    for (let idleTurns = 0; idleTurns < PATIENCE_TURNS && !this.#isSettled(); idleTurns++) {
      for (const stream of this.#streams) stream.read(Infinity, true);
      await passTurns(1);
      const now = [this.#underWay.size, ...this.#streams.map((stream) => stream.position)].join();
      if (now !== progress) idleTurns = 0;
      progress = now;
    }
  }

  #isSettled(): boolean {
    const isDue = ({ isOpen, selection, position }: Stream): boolean =>
      isOpen && this.nextWanted(selection, position) !== undefined;
    return this.#underWay.size === 0 && !this.#streams.some(isDue);
  }

  #checkStreams(): void {
    for (const stream of this.#streams) {
      this.violations.push(...stream.sink.violations.map((text) => `stream ${stream.name}: ${text}`));
      const missing = this.nextWanted(stream.selection, stream.position);
      if (stream.isOpen && missing) stream.complain(`never got event ${missing.offset}`);
    }
    const openCount = this.#streams.filter((stream) => stream.isOpen).length;
    if (this.#broker.subscriberCount !== openCount)
      this.violations.push(`${this.#broker.subscriberCount} subscribers, but ${openCount} open streams`);
  }

  #prunedOffset(): number {
    return this.#eventLog.firstOffset - 1;
  }
}

/** One stream, from its client's side. */
class Stream {
  readonly name: number;
  readonly selection: Selection;
  readonly start: ResumePoint;
  readonly sink: FakeSink;
  subscription: Subscription | undefined;
  /** Offset of the newest event it got, or where it started. */
  position: number;
  readonly #model: BrokerModel;
  #hasLeft = false;

  constructor(model: BrokerModel, name: number, selection: Selection, start: ResumePoint, credit: number) {
    this.#model = model;
    this.name = name;
    this.selection = selection;
    this.start = start;
    this.position = start.offset;
    this.sink = new CheckedSink(model, this);
    this.sink.credit = credit;
  }

  /** How far it was told that it is. */
  get watermark(): Watermark {
    return this.sink.watermarks.at(-1) ?? this.start;
  }

  get isOpen(): boolean {
    return !this.#hasLeft && this.sink.over === undefined;
  }

  complain(what: string): void {
    const state = this.#hasLeft ? ' (has left)' : '';
    this.#model.violations.push(
      `stream ${this.name} of ${this.selection.key} from ${this.start.offset}${state}: ${what}`,
    );
  }

  /** Makes room in the sink, if it is full. */
  read(credit: number, isTold: boolean): void {
    if (!this.isOpen || !this.sink.isFull) {
      if (credit === Infinity) this.sink.credit = credit;
      return;
    }
    this.sink.makeRoom(credit);
    if (isTold) this.subscription?.progressed();
  }

  leave(): void {
    if (!this.isOpen) return;
    this.#hasLeft = true;
    this.subscription?.abandon();
  }

  expectPresent(what: string): void {
    if (this.#hasLeft) this.complain(`${what} after its client had left`);
  }
}

/** Tells the model of all it is handed. */
class CheckedSink extends FakeSink {
  readonly #model: BrokerModel;
  readonly #stream: Stream;

  constructor(model: BrokerModel, stream: Stream) {
    super();
    this.#model = model;
    this.#stream = stream;
  }

  override write(batch: Batch): boolean {
    this.#stream.expectPresent('write');
    for (const event of batch.events) {
      this.#model.checkHanded(this.#stream, event);
      this.#stream.position = event.offset;
    }
    this.#model.checkWatermark(this.#stream, batch.watermark);
    return super.write(batch);
  }

  override keepAlive(watermark: Watermark): boolean {
    this.#stream.expectPresent('keep-alive');
    this.#model.checkWatermark(this.#stream, watermark);
    return super.keepAlive(watermark);
  }

  override end(): void {
    this.#stream.complain('was ended');
    super.end();
  }

  override cut(): void {
    this.#model.checkCut(this.#stream);
    super.cut();
  }
}

function isSame(one: Event, other: Event): boolean {
  return (
    one.offset === other.offset &&
    one.topic === other.topic &&
    one.timeMs === other.timeMs &&
    one.payload === other.payload
  );
}

function selectPaths(paths: readonly string[]): Selection {
  return selectPrefixes(paths.map((path) => parseTopic(path)));
}

import { describe, expect, test, vi } from 'vitest';
import { Broker, TICK_MS, type Receipt } from '../../src/broker/broker.ts';
import type { RetentionPolicy } from '../../src/broker/retention.ts';
import type { Subscription } from '../../src/broker/subscription.ts';
import { SteadyClock } from '../../src/core/clock.ts';
import type { GitPubSubError } from '../../src/core/errors.ts';
import { parseCursor, type Cursor } from '../../src/core/cursor.ts';
import { EventFilter } from '../../src/core/event-filter.ts';
import { selectPrefixes } from '../../src/core/selection.ts';
import { parseTopic } from '../../src/core/topic.ts';
import { FAKE_START_MS, FakeClock } from '../support/fake-clock.ts';
import type { Watermark } from '../../src/broker/watermark.ts';
import { FakeSink } from '../support/fake-sink.ts';
import { createMemoryStorage, MemoryEventLog, type MemoryStorage } from '../support/memory-event-log.ts';
import { SilentLogger } from '../support/silent-logger.ts';
import { passTurns } from '../support/turns.ts';

const KEEP_ALIVE_MS = 5_000;
const STALL_MS = 60_000;

interface FixtureOptions {
  readonly readTurns?: number;
  readonly storage?: MemoryStorage;
  readonly retention?: Partial<RetentionPolicy>;
}

class Fixture {
  readonly clock = new FakeClock();
  readonly logger = new SilentLogger();
  readonly eventLog: MemoryEventLog;
  readonly broker: Broker;
  fanOutCount = 0;
  busyMs = 10_000;

  constructor({ readTurns = 0, storage = createMemoryStorage(), retention = {} }: FixtureOptions = {}) {
    const steadyClock = new SteadyClock(this.clock);
    this.eventLog = new MemoryEventLog({ storage, steadyClock, pickReadTurns: () => readTurns });
    this.broker = new Broker({
      eventLog: this.eventLog,
      clock: this.clock,
      steadyClock,
      logger: this.logger,
      keepAliveMs: KEEP_ALIVE_MS,
      observeFanOut: () => (this.fanOutCount += 1),
      stallMs: STALL_MS,
      retention: { maxAgeMs: undefined, maxEvents: undefined, maxBytes: undefined, ...retention },
    });
  }

  publish(path: string, ...payloads: string[]): Promise<Receipt> {
    const topic = parseTopic(path);
    return this.broker.publish({
      events: payloads.map((payload) => ({ topic, payload })),
      publisher: 'unix',
    });
  }

  /** Publishes the numbers up to `count`, a second apart. */
  async publishCount(count: number): Promise<Cursor[]> {
    const cursors: Cursor[] = [];
    for (let i = 1; i <= count; i++) {
      cursors.push(parseCursor((await this.publish('/a', String(i))).cursor));
      this.clock.advance(1_000);
    }
    await passTurns(2);
    return cursors;
  }

  subscribe(path: string, start: Watermark = this.broker.starts.live()): Stream {
    const sink = new FakeSink();
    const subscription = this.broker.subscribe(selectPrefixes([parseTopic(path)]), start, sink);
    return { sink, subscription };
  }

  tickAfter(ms: number): void {
    this.clock.advance(ms);
    this.broker.tick();
  }
}

interface Stream {
  readonly sink: FakeSink;
  readonly subscription: Subscription;
}

describe('streams with filters', () => {
  const filter = new EventFilter(new Map([['type', ['push']]]));
  const selection = selectPrefixes([parseTopic('/a')], { filter });

  // Every look at the clock takes ten milliseconds: there is never time for a filter.
  test('that there is no time for in fan-out get all the same from the log, once and in order', async () => {
    const fixture = new Fixture();
    const sink = new FakeSink();
    fixture.broker.subscribe(selection, fixture.broker.starts.live(), sink);
    vi.spyOn(fixture.clock, 'monotonicMs').mockImplementation(() => (fixture.busyMs += 10));
    for (let i = 1; i <= 20; i++) {
      await fixture.publish('/a', `{"push":${i}}`, `{"other":${i}}`, `{"push":{"number":${i}}}`);
      if (i % 3 === 0) await passTurns(4);
      if (i % 5 === 0) fixture.broker.tick();
    }
    await passTurns(60);
    expect(sink.payloads).toEqual(Array.from({ length: 20 }, (_, i) => `{"push":{"number":${i + 1}}}`));
    expect(fixture.broker.statistics.deliveredEvents).toBe(0);
  });
});

describe('publishing', () => {
  test('is acknowledged with the time and the cursor of the last event', async () => {
    const fixture = new Fixture();
    expect(await fixture.publish('/a', '1', '2')).toEqual({
      timeMs: FAKE_START_MS,
      cursor: fixture.broker.cursorAt(2),
      isReplayed: false,
    });
    expect(fixture.broker.cursorAt(0)).toBe(`${fixture.eventLog.id}-0-00000000`);
  });

  test('of a repeat says so', async () => {
    const { broker } = new Fixture();
    const append = {
      events: [{ topic: parseTopic('/a'), payload: '1' }],
      publisher: 'unix',
      idempotency: { principal: 'p', key: 'k', fingerprint: 'f' },
    };
    const first = await broker.publish(append);
    expect(await broker.publish(append)).toEqual({ ...first, isReplayed: true });
    expect(broker.statistics).toMatchObject({ publishedEvents: 1, deduplicatedRequests: 1 });
  });

  test('reaches live subscribers after it was acknowledged, not before', async () => {
    const fixture = new Fixture();
    const { sink } = fixture.subscribe('/');
    const seen: number[] = [];
    await fixture.publish('/a', '1').then(() => seen.push(sink.events.length));
    await passTurns();
    seen.push(sink.events.length);
    expect(seen).toEqual([0, 1]);
  });

  test('is counted, in all and for each stream', async () => {
    const fixture = new Fixture();
    fixture.subscribe('/');
    fixture.subscribe('/a');
    fixture.subscribe('/b');
    await fixture.publish('/a', '1', '2');
    await passTurns();
    fixture.subscribe('/a', { offset: 0, timeMs: FAKE_START_MS });
    await passTurns(3);
    expect(fixture.broker.statistics).toMatchObject({
      publishedEvents: 2,
      deduplicatedRequests: 0,
      deliveredEvents: 4,
      replayedEvents: 2,
    });
    expect(fixture.fanOutCount).toBe(1);
  });

  test('that the log refuses reaches nobody', async () => {
    const fixture = new Fixture();
    const { sink } = fixture.subscribe('/');
    fixture.eventLog.refuseWrites('disk full');
    await expect(fixture.publish('/a', '1')).rejects.toMatchObject({ code: 'log-unavailable' });
    await passTurns(2);
    expect(sink.calls).toEqual([]);
  });

  test('of one turn is one batch for each stream', async () => {
    const fixture = new Fixture();
    const [all, some] = [fixture.subscribe('/'), fixture.subscribe('/b')];
    await Promise.all([
      fixture.publish('/a', '1'),
      fixture.publish('/b', '2', '3'),
      fixture.publish('/b', '4'),
    ]);
    await passTurns();
    expect(all.sink.payloads).toEqual(['1', '2', '3', '4']);
    expect(some.sink.payloads).toEqual(['2', '3', '4']);
    expect(all.sink.calls).toHaveLength(1);
    expect(some.sink.calls).toHaveLength(1);
  });

  test('of more than a batch is cut, and only the last keep-alive is of now', async () => {
    const fixture = new Fixture();
    const { sink } = fixture.subscribe('/');
    const published = fixture.publish('/a', ...Array.from({ length: 600 }, (_, index) => String(index)));
    await published;
    fixture.clock.advance(7);
    await passTurns();
    expect(sink.calls.map((call) => (call.kind === 'write' ? call.events.length : 0))).toEqual([
      256, 256, 88,
    ]);
    expect(sink.aliveTimes).toEqual([FAKE_START_MS, FAKE_START_MS, FAKE_START_MS + 7]);
  });

  test('makes the same batch for all streams of a selection', async () => {
    const fixture = new Fixture();
    const sinks = [fixture.subscribe('/a').sink, fixture.subscribe('/a').sink];
    await fixture.publish('/a', '1');
    await passTurns();
    const [one, other] = sinks.map((sink) => sink.calls[0]);
    expect(one?.kind === 'write' && other?.kind === 'write' && one.events === other.events).toBe(true);
  });
});

describe('a start', () => {
  test('live is behind all that is in the log', async () => {
    const fixture = new Fixture();
    await fixture.publishCount(3);
    expect(fixture.broker.starts.live()).toEqual({ offset: 3, timeMs: fixture.clock.nowMs() });
  });

  test('at a cursor of this log is behind it', async () => {
    const fixture = new Fixture();
    const [, second] = await fixture.publishCount(3);
    if (!second) throw new TypeError('no cursor');
    expect(await fixture.broker.starts.atCursor(second)).toEqual({
      offset: 2,
      timeMs: FAKE_START_MS + 2_000,
    });
  });

  test('at the cursor of the end, or before the first event, is no gap', async () => {
    const fixture = new Fixture();
    const start = parseCursor(fixture.broker.cursorAt(0));
    expect(await fixture.broker.starts.atCursor(start)).toMatchObject({ offset: 0 });
    const [last] = await fixture.publishCount(1);
    if (!last) throw new TypeError('no cursor');
    const points = [await fixture.broker.starts.atCursor(start), await fixture.broker.starts.atCursor(last)];
    expect(points.map(({ offset, gap }) => [offset, gap])).toEqual([
      [0, undefined],
      [1, undefined],
    ]);
  });

  test.each([
    ['another log', { logId: 'ffffffffffff' }],
    ['past the end', { offset: 4 }],
    ['of an older copy of the log', { check: 'ffffffff' }],
    ['before the first event with a wrong check', { offset: 0 }],
  ])('at a cursor %s is at the oldest event held, as unknown', async (_what, change) => {
    const fixture = new Fixture();
    const [cursor] = await fixture.publishCount(3);
    if (!cursor) throw new TypeError('no cursor');
    expect(await fixture.broker.starts.atCursor({ ...cursor, ...change })).toEqual({
      offset: 0,
      timeMs: FAKE_START_MS,
      gap: 'unknown',
    });
  });

  test('at a cursor after which something was pruned is at the oldest event held, as expired', async () => {
    const fixture = new Fixture();
    const cursors = await fixture.publishCount(4);
    await fixture.eventLog.prune({ maxEvents: 2 }, 10);
    const points = await Promise.all(cursors.map((cursor) => fixture.broker.starts.atCursor(cursor)));
    expect(points.map(({ offset, gap }) => [offset, gap])).toEqual([
      [2, 'expired'],
      [2, undefined],
      [3, undefined],
      [4, undefined],
    ]);
  });

  test('at a time is before the first event at or after it', async () => {
    const fixture = new Fixture();
    await fixture.publishCount(3);
    const points = await Promise.all(
      [0, 1, 1_000, 2_001, 99_000].map((ms) => fixture.broker.starts.atTime(FAKE_START_MS + ms)),
    );
    expect(points.map(({ offset }) => offset)).toEqual([0, 1, 1, 3, 3]);
    expect(points.map(({ timeMs }) => timeMs - FAKE_START_MS)).toEqual([0, 1_000, 1_000, 3_000, 3_000]);
    expect(points.every(({ gap }) => gap === undefined)).toBe(true);
  });

  test('at a time after which something was pruned is at the oldest event held, as expired', async () => {
    const fixture = new Fixture();
    await fixture.publishCount(3);
    await fixture.eventLog.prune({ maxEvents: 1 }, 10);
    expect(await fixture.broker.starts.atTime(FAKE_START_MS + 1_000)).toMatchObject({
      offset: 2,
      gap: 'expired',
    });
    const later = await fixture.broker.starts.atTime(FAKE_START_MS + 1_001);
    expect([later.offset, later.gap]).toEqual([2, undefined]);
  });

  test.each(['cursor', 'time'])(
    'at a %s that pruning overtakes while the log is read is at the oldest event held, as expired',
    async (what) => {
      const fixture = new Fixture({ readTurns: 1 });
      const [first] = await fixture.publishCount(3);
      if (!first) throw new TypeError('no cursor');
      const start =
        what === 'cursor' ? fixture.broker.starts.atCursor(first) : fixture.broker.starts.atTime(0);
      if (what === 'time') await passTurns();
      await fixture.eventLog.prune({ maxEvents: 1 }, 10);
      expect(await start).toMatchObject({ offset: 2, gap: 'expired' });
    },
  );
});

describe('a stream', () => {
  test('replays what it missed, and then is live', async () => {
    const fixture = new Fixture({ readTurns: 2 });
    await fixture.publishCount(3);
    const { sink } = fixture.subscribe('/a', { offset: 1, timeMs: FAKE_START_MS });
    await fixture.publish('/a', '4');
    await passTurns(20);
    await fixture.publish('/a', '5');
    await passTurns();
    expect(sink.payloads).toEqual(['2', '3', '4', '5']);
  });

  test('that pruning overtakes is cut, and the log file says whose it was and why', async () => {
    const fixture = new Fixture({ readTurns: 1 });
    await fixture.publishCount(3);
    const { sink } = fixture.subscribe('/a', { offset: 0, timeMs: FAKE_START_MS });
    await fixture.eventLog.prune({ maxEvents: 1 }, 10);
    await passTurns(5);
    expect(sink.over).toBe('cut');
    expect(fixture.logger.entries).toMatchObject([
      { level: 'info', fields: { reason: 'overtaken by pruning', ...sink.reader }, message: 'stream cut' },
    ]);
    expect(fixture.broker.subscriberCount).toBe(0);
  });

  test('that is idle and live is not overtaken by pruning', async () => {
    const fixture = new Fixture();
    const { sink } = fixture.subscribe('/quiet');
    await fixture.publishCount(3);
    await fixture.eventLog.prune({ maxEvents: 0 }, 10);
    await fixture.publish('/quiet', '4');
    await passTurns();
    expect(sink.payloads).toEqual(['4']);
  });

  test('counts as a subscriber until it is over', async () => {
    const fixture = new Fixture();
    const streams = [fixture.subscribe('/a'), fixture.subscribe('/a'), fixture.subscribe('/b')];
    const counts = [fixture.broker.subscriberCount];
    streams[0]?.subscription.abandon();
    counts.push(fixture.broker.subscriberCount);
    fixture.broker.cutAll();
    counts.push(fixture.broker.subscriberCount);
    expect(counts).toEqual([3, 2, 0]);
    expect(streams.map(({ sink }) => sink.over)).toEqual([undefined, 'cut', 'cut']);
  });
});

describe('ticks', () => {
  test('keep every stream alive at least every interval', () => {
    const fixture = new Fixture();
    const { sink } = fixture.subscribe('/');
    const times: number[] = [];
    for (let ms = TICK_MS; ms <= 60_000; ms += TICK_MS) {
      fixture.tickAfter(TICK_MS);
      if (sink.calls.length > times.length) times.push(ms);
    }
    const gaps = times.map((ms, index) => ms - (times[index - 1] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(KEEP_ALIVE_MS);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(KEEP_ALIVE_MS - TICK_MS);
  });

  test('hand over what is committed before they say what time it is', async () => {
    const fixture = new Fixture();
    const { sink } = fixture.subscribe('/a');
    fixture.clock.advance(KEEP_ALIVE_MS);
    await fixture.publish('/a', '1');
    fixture.tickAfter(100);
    expect(sink.payloads).toEqual(['1']);
    expect(sink.calls.map(({ kind }) => kind)).toEqual(['write']);
  });

  test('cut a stream that does not move, and leave the others alone', async () => {
    const fixture = new Fixture();
    const [stuck, well] = [fixture.subscribe('/'), fixture.subscribe('/')];
    stuck.sink.credit = 1;
    await fixture.publish('/a', '1');
    await passTurns();
    for (let ms = 0; ms < STALL_MS; ms += TICK_MS) fixture.tickAfter(TICK_MS);
    expect(stuck.sink.over).toBe('cut');
    expect(well.sink.over).toBeUndefined();
    expect(stuck.sink.violations).toEqual([]);
    expect(fixture.logger.entries).toMatchObject([{ fields: { reason: 'stalled' } }]);
  });

  test('go by other settings once they are given, for streams that are open as well', async () => {
    const fixture = new Fixture();
    const { sink } = fixture.subscribe('/');
    sink.credit = 1;
    await fixture.publish('/a', '1');
    await passTurns();
    const retention = { maxAgeMs: undefined, maxEvents: undefined, maxBytes: undefined };
    fixture.tickAfter(2_000);
    expect(sink.over).toBeUndefined();
    fixture.broker.configure({ keepAliveMs: 500, stallMs: 1_000, retention });
    fixture.tickAfter(TICK_MS);
    expect(sink.over).toBe('cut');
  });

  test('prune by the policy', async () => {
    const fixture = new Fixture({ retention: { maxEvents: 2 } });
    await fixture.publishCount(5);
    fixture.tickAfter(TICK_MS);
    await passTurns();
    expect(fixture.eventLog.firstOffset).toBe(4);
  });

  test('try a failing log, so that the broker is ready again by itself', async () => {
    const fixture = new Fixture();
    const reasons = [fixture.broker.unreadyReason];
    fixture.eventLog.refuseWrites('disk full');
    await expect(fixture.publish('/a', '1')).rejects.toThrow();
    reasons.push(fixture.broker.unreadyReason);
    fixture.tickAfter(TICK_MS);
    reasons.push(fixture.broker.unreadyReason);
    fixture.eventLog.refuseWrites(undefined);
    fixture.tickAfter(TICK_MS);
    fixture.tickAfter(3_000);
    reasons.push(fixture.broker.unreadyReason);
    const failing = 'The event log cannot store events: disk full.';
    expect(reasons).toEqual([undefined, failing, failing, undefined]);
  });
});

describe('draining', () => {
  test('ends every stream cleanly, once all that was committed is handed over', async () => {
    const fixture = new Fixture();
    const { sink } = fixture.subscribe('/');
    await fixture.publish('/a', '1');
    await fixture.broker.drain();
    expect(sink.payloads).toEqual(['1']);
    expect(sink.over).toBe('ended');
  });

  test('without streams is over at once', async () => {
    await expect(new Fixture().broker.drain()).resolves.toBeUndefined();
  });

  test('lets no publisher in, and is not ready', async () => {
    const fixture = new Fixture();
    await fixture.broker.drain();
    expect(() => fixture.broker.admitPublisher(() => {})).toThrow(
      expect.objectContaining({ code: 'shutting-down' }),
    );
    expect(fixture.broker.unreadyReason).toBe('The broker is shutting down.');
  });

  test('waits for the publishers that were let in, and hands over what they brought', async () => {
    const fixture = new Fixture();
    const { sink } = fixture.subscribe('/');
    const done = fixture.broker.admitPublisher(() => {});
    const drained = fixture.broker.drain();
    await passTurns(3);
    expect(sink.over).toBeUndefined();
    await fixture.publish('/a', '1');
    done();
    await drained;
    expect(sink.payloads).toEqual(['1']);
    expect(sink.over).toBe('ended');
  });

  test('gives up on a publisher that takes too long, and tells it', async () => {
    const fixture = new Fixture();
    let reason: GitPubSubError | undefined;
    const done = fixture.broker.admitPublisher((error) => (reason = error));
    const drained = fixture.broker.drain();
    await passTurns(3);
    expect(reason).toBeUndefined();
    fixture.clock.advance(10_000);
    await vi.waitFor(() => expect(reason?.code).toBe('shutting-down'));
    done();
    await expect(drained).resolves.toBeUndefined();
  });

  test('waits for a stream that is full until it drained', async () => {
    const fixture = new Fixture();
    const { sink, subscription } = fixture.subscribe('/');
    sink.credit = 1;
    await fixture.publish('/a', '1');
    let isDrained = false;
    const drained = fixture.broker.drain().then(() => (isDrained = true));
    await passTurns(3);
    expect(isDrained).toBe(false);
    sink.makeRoom();
    subscription.progressed();
    await drained;
    expect(sink.over).toBe('ended');
  });

  test('is over when a full stream is cut', async () => {
    const fixture = new Fixture();
    const { sink } = fixture.subscribe('/');
    sink.credit = 1;
    await fixture.publish('/a', '1');
    const drained = fixture.broker.drain();
    await passTurns(2);
    fixture.broker.cutAll();
    await drained;
    expect(sink.over).toBe('cut');
  });

  test('ends a stream that comes too late', async () => {
    const fixture = new Fixture();
    await fixture.broker.drain();
    const { sink } = fixture.subscribe('/');
    expect(sink.over).toBe('ended');
    expect(fixture.broker.subscriberCount).toBe(0);
  });

  test('stops pruning', async () => {
    const fixture = new Fixture({ retention: { maxEvents: 0 } });
    await fixture.publishCount(1);
    await fixture.broker.drain();
    fixture.tickAfter(10_000);
    await passTurns();
    expect(fixture.eventLog.firstOffset).toBe(1);
  });
});

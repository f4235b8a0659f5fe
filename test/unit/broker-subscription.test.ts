import { describe, expect, test } from 'vitest';
import { Batch } from '../../src/broker/batch.ts';
import { BrokerStatistics, type StreamEnd } from '../../src/broker/statistics.ts';
import { Subscription, type SubscriptionHost } from '../../src/broker/subscription.ts';
import { GitPubSubError } from '../../src/core/errors.ts';
import type { Event } from '../../src/core/event.ts';
import { selectPrefixes } from '../../src/core/selection.ts';
import { parseTopic } from '../../src/core/topic.ts';
import type { ReplayPage } from '../../src/broker/page-cache.ts';
import { Deferred } from '../support/deferred.ts';
import { FakeSink } from '../support/fake-sink.ts';

const INTERVAL_MS = 5_000;
const STALL_MS = 60_000;
const START_ALIVE_MS = 70;

/** The broker around one subscription, moved by hand. The log has an event at every offset, of the time offset * 10. */
class FakeHost implements SubscriptionHost {
  readonly statistics = new BrokerStatistics();
  last = 0;
  fannedOut = 0;
  nowMs = 1_000;
  isJoined = false;
  isForgotten = false;
  scheduledCount = 0;
  readonly reads: number[] = [];
  readonly cuts: { reason: StreamEnd; error: unknown }[] = [];
  readonly ends: StreamEnd[] = [];
  /** Answers reads; by default with a page that goes to the end. */
  answerRead: (after: number) => Promise<ReplayPage> = (after) =>
    Promise.resolve(toPage(createEvents(after + 1, this.last), this.last, 999));

  lastOffset(): number {
    return this.last;
  }

  readPage(_selection: unknown, after: number): Promise<ReplayPage> {
    this.reads.push(after);
    return this.answerRead(after);
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  joinLive(): void {
    this.isJoined = true;
  }

  leaveLive(): void {
    this.isJoined = false;
  }

  scheduleReplay(): void {
    this.scheduledCount += 1;
  }

  forget(_subscription: Subscription, end: StreamEnd): void {
    this.isForgotten = true;
    this.ends.push(end);
  }

  reportCut(_subscription: Subscription, reason: StreamEnd, error?: unknown): void {
    this.cuts.push({ reason, error });
  }
}

class Fixture {
  readonly host = new FakeHost();
  readonly sink = new FakeSink();
  readonly subscription: Subscription;

  constructor(after: number, lastOffset: number, until?: number) {
    this.host.last = lastOffset;
    this.host.fannedOut = lastOffset;
    this.subscription = new Subscription(this.host, {
      selection: selectPrefixes([parseTopic('/a')]),
      start: { offset: after, timeMs: START_ALIVE_MS },
      sink: this.sink,
      until,
    });
    this.subscription.start();
  }

  /** Fan-out of the events from one offset to another, as a broker does it. */
  fanOut(first: number, last: number): void {
    this.host.last = Math.max(this.host.last, last);
    this.host.fannedOut = last;
    this.subscription.deliver(createBatch(first, last), this.host.nowMs);
  }

  /** What a tick does with a subscription, some time later. */
  tickAfter(ms: number): void {
    this.host.nowMs += ms;
    const live = { offset: this.host.fannedOut, timeMs: this.host.nowMs };
    this.subscription.keepAlive(live, this.host.nowMs, INTERVAL_MS);
    this.subscription.checkStall(this.host.nowMs, STALL_MS);
  }

  get offsets(): number[] {
    return this.sink.events.map((event) => event.offset);
  }

  expectNothingWrong(): void {
    expect(this.sink.violations).toEqual([]);
  }
}

function toPage(events: readonly Event[], offset: number, timeMs: number): ReplayPage {
  const watermark = { offset, timeMs };
  return { batch: events.length > 0 ? new Batch(events, watermark) : undefined, watermark };
}

function createBatch(first: number, last: number): Batch {
  return new Batch(createEvents(first, last), { offset: last, timeMs: last * 10 });
}

function createEvents(first: number, last: number): Event[] {
  const events: Event[] = [];
  for (let offset = first; offset <= last; offset++)
    events.push({ topic: parseTopic('/a'), payload: String(offset), offset, timeMs: offset * 10 });
  return events;
}

describe('a subscription that starts at the end of the log', () => {
  test('is live at once and reads nothing', () => {
    const { host, sink } = new Fixture(5, 5);
    expect(host).toMatchObject({ isJoined: true, scheduledCount: 0, reads: [] });
    expect(sink.calls).toEqual([]);
  });

  test('takes what fan-out brings', () => {
    const fixture = new Fixture(5, 5);
    fixture.fanOut(6, 7);
    fixture.fanOut(8, 8);
    expect(fixture.offsets).toEqual([6, 7, 8]);
    expect(fixture.sink.aliveTimes).toEqual([70, 80]);
  });

  test('leaves out what it started after, though fan-out still brings it', () => {
    const fixture = new Fixture(5, 5);
    fixture.fanOut(3, 5);
    expect(fixture.sink.calls).toEqual([]);
    fixture.fanOut(4, 7);
    expect(fixture.offsets).toEqual([6, 7]);
  });
});

describe('a subscription that starts before the end of the log', () => {
  test('takes no fan-out, and reads page after page until it stands at the end', async () => {
    const fixture = new Fixture(2, 6);
    expect(fixture.host).toMatchObject({ isJoined: false, scheduledCount: 1 });
    fixture.fanOut(7, 7);
    expect(fixture.sink.calls).toEqual([]);
    fixture.host.answerRead = async (after) =>
      toPage(createEvents(after + 1, after + 3), Math.min(after + 3, 7), after);
    await fixture.subscription.replayStep();
    expect(fixture.host).toMatchObject({ isJoined: false, scheduledCount: 2 });
    fixture.host.answerRead = async () => toPage(createEvents(6, 7), 7, 75);
    await fixture.subscription.replayStep();
    expect(fixture.host).toMatchObject({ isJoined: true, scheduledCount: 2, reads: [2, 5] });
    expect(fixture.offsets).toEqual([3, 4, 5, 6, 7]);
    expect(fixture.sink.aliveTimes).toEqual([2, 75]);
  });

  test('reads on behind what was examined, also when nothing of it was selected', async () => {
    const fixture = new Fixture(0, 100);
    fixture.host.answerRead = async (after) => toPage([], after + 40, 1);
    for (let step = 0; step < 3; step++) await fixture.subscription.replayStep();
    expect(fixture.host.reads).toEqual([0, 40, 80]);
    expect(fixture.sink.calls).toEqual([]);
    expect(fixture.host.isJoined).toBe(true);
  });

  test('goes on reading when the log grew while it read', async () => {
    const fixture = new Fixture(0, 3);
    const read = new Deferred<ReplayPage>();
    fixture.host.answerRead = () => read.promise;
    const step = fixture.subscription.replayStep();
    fixture.fanOut(4, 5);
    read.resolve(toPage(createEvents(1, 3), 3, 40));
    await step;
    expect(fixture.host.isJoined).toBe(false);
    expect(fixture.host.scheduledCount).toBe(2);
    expect(fixture.offsets).toEqual([1, 2, 3]);
  });

  test('reads one page at a time', async () => {
    const fixture = new Fixture(0, 3);
    const read = new Deferred<ReplayPage>();
    fixture.host.answerRead = () => read.promise;
    const steps = [fixture.subscription.replayStep(), fixture.subscription.replayStep()];
    read.resolve(toPage(createEvents(1, 3), 3, 40));
    await Promise.all(steps);
    expect(fixture.host.reads).toEqual([0]);
    expect(fixture.offsets).toEqual([1, 2, 3]);
  });

  test('takes no page any more once its client has left', async () => {
    const fixture = new Fixture(0, 3);
    const read = new Deferred<ReplayPage>();
    fixture.host.answerRead = () => read.promise;
    const step = fixture.subscription.replayStep();
    fixture.subscription.abandon();
    read.resolve(toPage(createEvents(1, 3), 3, 40));
    await step;
    expect(fixture.sink.calls).toEqual([]);
    expect(fixture.host).toMatchObject({ isForgotten: true, isJoined: false, scheduledCount: 1 });
  });

  test('takes no page while its sink is full, though it was asked for before', async () => {
    const fixture = new Fixture(0, 3);
    const read = new Deferred<ReplayPage>();
    fixture.host.answerRead = () => read.promise;
    const step = fixture.subscription.replayStep();
    fixture.sink.credit = 1;
    fixture.tickAfter(INTERVAL_MS);
    read.resolve(toPage(createEvents(1, 3), 3, 40));
    await step;
    fixture.expectNothingWrong();
    expect(fixture.offsets).toEqual([]);
  });

  test('loses nothing when its sink was full for a part of a read', async () => {
    const fixture = new Fixture(0, 3);
    const read = new Deferred<ReplayPage>();
    fixture.host.answerRead = () => read.promise;
    const step = fixture.subscription.replayStep();
    fixture.sink.credit = 1;
    fixture.tickAfter(INTERVAL_MS);
    fixture.sink.makeRoom();
    fixture.subscription.progressed();
    await fixture.subscription.replayStep();
    read.resolve(toPage(createEvents(1, 3), 3, 40));
    await step;
    expect(fixture.offsets).toEqual([1, 2, 3]);
    expect(fixture.host.isJoined).toBe(true);
  });
});

describe('a read that fails', () => {
  test('because the events were pruned cuts the stream and says why', async () => {
    const fixture = new Fixture(0, 3);
    fixture.host.answerRead = () => Promise.reject(new GitPubSubError('offset-pruned', 'gone'));
    await fixture.subscription.replayStep();
    expect(fixture.sink.over).toBe('cut');
    expect(fixture.host).toMatchObject({
      isForgotten: true,
      cuts: [{ reason: 'overtaken by pruning', error: undefined }],
    });
  });

  test('for another reason cuts the stream and says which', async () => {
    const fixture = new Fixture(0, 3);
    const error = new GitPubSubError('log-unavailable', 'broken');
    fixture.host.answerRead = () => Promise.reject(error);
    await fixture.subscription.replayStep();
    expect(fixture.sink.over).toBe('cut');
    expect(fixture.host.cuts).toEqual([{ reason: 'the log could not be read', error }]);
  });

  test('after the client has left is nobody’s business', async () => {
    const fixture = new Fixture(0, 3);
    const read = new Deferred<ReplayPage>();
    fixture.host.answerRead = () => read.promise;
    const step = fixture.subscription.replayStep();
    fixture.subscription.abandon();
    read.reject(new GitPubSubError('offset-pruned', 'gone'));
    await step;
    expect(fixture.host.cuts).toEqual([]);
    expect(fixture.sink.over).toBeUndefined();
  });
});

describe('a full sink', () => {
  test('takes a live subscription back to replaying, behind what it was handed', async () => {
    const fixture = new Fixture(5, 5);
    fixture.sink.credit = 1;
    fixture.fanOut(6, 7);
    expect(fixture.host.isJoined).toBe(false);
    fixture.fanOut(8, 9);
    fixture.sink.makeRoom();
    fixture.subscription.progressed();
    expect(fixture.host.scheduledCount).toBe(1);
    await fixture.subscription.replayStep();
    expect(fixture.host.reads).toEqual([7]);
    expect(fixture.offsets).toEqual([6, 7, 8, 9]);
    expect(fixture.host.isJoined).toBe(true);
    fixture.expectNothingWrong();
  });

  test('in the middle of a fan-out leaves the rest of it to replaying', async () => {
    const fixture = new Fixture(0, 0);
    fixture.sink.credit = 1;
    fixture.host.last = 6;
    fixture.host.fannedOut = 6;
    for (const [first, last] of [
      [1, 2],
      [3, 4],
      [5, 6],
    ] as const)
      fixture.subscription.deliver(createBatch(first, last), 0);
    fixture.sink.makeRoom();
    fixture.subscription.progressed();
    await fixture.subscription.replayStep();
    expect(fixture.host.reads).toEqual([2]);
    expect(fixture.offsets).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('of a page stops replaying until it drained', async () => {
    const fixture = new Fixture(0, 6);
    fixture.host.answerRead = async (after) => toPage(createEvents(after + 1, after + 3), after + 3, 1);
    fixture.sink.credit = 1;
    await fixture.subscription.replayStep();
    await fixture.subscription.replayStep();
    expect(fixture.host).toMatchObject({ reads: [0], scheduledCount: 1 });
    fixture.sink.makeRoom();
    fixture.subscription.progressed();
    await fixture.subscription.replayStep();
    expect(fixture.host).toMatchObject({ reads: [0, 3], scheduledCount: 2, isJoined: true });
    expect(fixture.offsets).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('that drained when nothing came meanwhile is live again at once', () => {
    const fixture = new Fixture(5, 5);
    fixture.sink.credit = 1;
    fixture.fanOut(6, 6);
    fixture.sink.makeRoom();
    fixture.subscription.progressed();
    expect(fixture.host).toMatchObject({ isJoined: true, scheduledCount: 0 });
  });

  test('that only moved stays full', () => {
    const fixture = new Fixture(5, 5);
    fixture.sink.credit = 1;
    fixture.fanOut(6, 6);
    fixture.subscription.progressed();
    expect(fixture.subscription.isFull).toBe(true);
    expect(fixture.host).toMatchObject({ isJoined: false, scheduledCount: 0 });
  });

  test('after a keep-alive has examined for it all that was fanned out', async () => {
    const fixture = new Fixture(5, 5);
    fixture.host.last = 50;
    fixture.host.fannedOut = 50;
    fixture.sink.credit = 1;
    fixture.tickAfter(INTERVAL_MS);
    expect(fixture.host.isJoined).toBe(false);
    fixture.host.last = 60;
    fixture.sink.makeRoom();
    fixture.subscription.progressed();
    await fixture.subscription.replayStep();
    expect(fixture.host.reads).toEqual([50]);
  });

  test('gets no keep-alive', () => {
    const fixture = new Fixture(5, 5);
    fixture.sink.credit = 1;
    fixture.fanOut(6, 6);
    for (let tick = 0; tick < 20; tick++) fixture.tickAfter(500);
    expect(fixture.sink.calls.map(({ kind }) => kind).filter((kind) => kind !== 'nudge')).toEqual(['write']);
    fixture.expectNothingWrong();
  });

  test('is nudged every three seconds', () => {
    const fixture = new Fixture(5, 5);
    fixture.sink.credit = 1;
    fixture.fanOut(6, 6);
    const counts: number[] = [];
    for (let tick = 0; tick < 13; tick++) {
      fixture.tickAfter(500);
      counts.push(fixture.sink.calls.filter(({ kind }) => kind === 'nudge').length);
    }
    expect(counts).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2]);
  });

  test('that has room when it is nudged goes on', async () => {
    const fixture = new Fixture(5, 5);
    fixture.sink.credit = 1;
    fixture.fanOut(6, 6);
    fixture.fanOut(7, 7);
    fixture.sink.makeRoom();
    fixture.tickAfter(3_000);
    await fixture.subscription.replayStep();
    expect(fixture.offsets).toEqual([6, 7]);
  });

  test('that does not move for the stall time is cut, not before', () => {
    const fixture = new Fixture(5, 5);
    fixture.sink.credit = 1;
    fixture.fanOut(6, 6);
    fixture.tickAfter(STALL_MS - 1);
    expect(fixture.sink.over).toBeUndefined();
    fixture.tickAfter(1);
    expect(fixture.sink.over).toBe('cut');
    expect(fixture.host).toMatchObject({ isForgotten: true, cuts: [{ reason: 'stalled' }] });
    fixture.tickAfter(STALL_MS);
    fixture.expectNothingWrong();
  });

  test('that moves now and then is never cut', () => {
    const fixture = new Fixture(5, 5);
    fixture.sink.credit = 1;
    fixture.fanOut(6, 6);
    for (let time = 0; time < 5; time++) {
      fixture.tickAfter(STALL_MS - 1);
      fixture.subscription.progressed();
    }
    expect(fixture.sink.over).toBeUndefined();
    fixture.tickAfter(STALL_MS);
    expect(fixture.sink.over).toBe('cut');
  });

  test('that never was full is never cut, however long nothing comes', () => {
    const fixture = new Fixture(5, 5);
    for (let tick = 0; tick < 10; tick++) fixture.tickAfter(STALL_MS);
    expect(fixture.sink.over).toBeUndefined();
  });
});

describe('a keep-alive', () => {
  test('comes when nothing was written for the interval', () => {
    const fixture = new Fixture(5, 5);
    const counts: number[] = [];
    for (const ms of [INTERVAL_MS - 1, 1, 1, INTERVAL_MS - 1]) {
      fixture.tickAfter(ms);
      counts.push(fixture.sink.calls.length);
    }
    expect(counts).toEqual([0, 1, 1, 2]);
  });

  test('is put off by what is written', () => {
    const fixture = new Fixture(5, 5);
    fixture.tickAfter(INTERVAL_MS - 1);
    fixture.fanOut(6, 6);
    fixture.tickAfter(INTERVAL_MS - 1);
    expect(fixture.sink.calls.map(({ kind }) => kind)).toEqual(['write']);
    fixture.tickAfter(1);
    expect(fixture.sink.calls.map(({ kind }) => kind)).toEqual(['write', 'keep-alive']);
  });

  test('of a live stream says the present time', () => {
    const fixture = new Fixture(5, 5);
    fixture.tickAfter(INTERVAL_MS);
    expect(fixture.sink.aliveTimes).toEqual([1_000 + INTERVAL_MS]);
  });

  test('of a stream that has not read yet says no more than where it started', () => {
    const fixture = new Fixture(2, 5);
    fixture.tickAfter(INTERVAL_MS);
    expect(fixture.sink.aliveTimes).toEqual([START_ALIVE_MS]);
  });

  test('of a stream in the middle of a replay says no more than what its last page allowed', async () => {
    const fixture = new Fixture(0, 50);
    fixture.host.answerRead = async () => toPage([], 10, 110);
    await fixture.subscription.replayStep();
    fixture.tickAfter(INTERVAL_MS);
    fixture.host.answerRead = async () => toPage(createEvents(11, 20), 20, 210);
    await fixture.subscription.replayStep();
    fixture.tickAfter(INTERVAL_MS);
    expect(fixture.sink.aliveTimes).toEqual([110, 210, 210]);
  });
});

describe('the end', () => {
  test('of a stream that takes writes is at once, and clean', () => {
    const fixture = new Fixture(5, 5);
    fixture.subscription.end();
    expect(fixture.sink.over).toBe('ended');
    expect(fixture.host).toMatchObject({ isForgotten: true, isJoined: false, cuts: [] });
  });

  test('of a full stream waits until it drained', () => {
    const fixture = new Fixture(5, 5);
    fixture.sink.credit = 1;
    fixture.fanOut(6, 6);
    fixture.subscription.end();
    fixture.subscription.progressed();
    expect(fixture.sink.over).toBeUndefined();
    fixture.sink.makeRoom();
    fixture.subscription.progressed();
    expect(fixture.sink.over).toBe('ended');
    expect(fixture.host).toMatchObject({ isForgotten: true, isJoined: false, scheduledCount: 0 });
  });

  test('of a stream that reads does not wait for the page', async () => {
    const fixture = new Fixture(0, 3);
    const step = fixture.subscription.replayStep();
    fixture.subscription.end();
    await step;
    expect(fixture.sink.calls).toEqual([{ kind: 'end' }]);
  });

  test('comes once, whoever asks again', () => {
    const fixture = new Fixture(5, 5);
    fixture.subscription.cut('shutting down');
    fixture.subscription.cut('stalled');
    fixture.subscription.end();
    fixture.subscription.abandon();
    fixture.subscription.progressed();
    fixture.fanOut(6, 6);
    fixture.tickAfter(STALL_MS);
    expect(fixture.sink.calls).toEqual([{ kind: 'cut' }]);
    expect(fixture.host.cuts).toHaveLength(1);
    expect(fixture.host.ends).toEqual(['shutting down']);
  });

  test('of a client that left leaves nothing live and touches the sink no more', () => {
    const fixture = new Fixture(5, 5);
    fixture.subscription.abandon();
    fixture.fanOut(6, 6);
    fixture.tickAfter(STALL_MS);
    fixture.subscription.end();
    fixture.subscription.cut('stalled');
    expect(fixture.sink.calls).toEqual([]);
    expect(fixture.host).toMatchObject({ isForgotten: true, isJoined: false, cuts: [] });
  });

  test.each([
    ['a fan-out', 1],
    ['a fan-out', Infinity],
    ['a page', 1],
    ['a page', Infinity],
    ['a keep-alive', 1],
    ['a keep-alive', Infinity],
  ])(
    'of a client that leaves during %s to a sink with room for %d leaves nothing behind',
    async (what, room) => {
      const isPage = what === 'a page';
      const fixture = new Fixture(isPage ? 4 : 5, 5);
      fixture.sink.credit = room;
      fixture.sink.beforeCall = () => fixture.subscription.abandon();
      if (isPage) await fixture.subscription.replayStep();
      else if (what === 'a fan-out') fixture.fanOut(6, 6);
      else fixture.tickAfter(INTERVAL_MS);
      fixture.sink.makeRoom();
      fixture.subscription.progressed();
      expect(fixture.sink.calls).toHaveLength(1);
      expect(fixture.host).toMatchObject({
        isForgotten: true,
        isJoined: false,
        scheduledCount: isPage ? 1 : 0,
      });
    },
  );
});

describe('a subscription that ends at an offset', () => {
  test('that it starts at ends at once', () => {
    const { host, sink } = new Fixture(5, 5, 5);
    expect(sink.calls).toEqual([{ kind: 'end' }]);
    expect(host).toMatchObject({ isForgotten: true, isJoined: false, reads: [] });
  });

  test('gets all up to it, nothing beyond, and then ends', async () => {
    const fixture = new Fixture(2, 9, 6);
    await fixture.subscription.replayStep();
    expect(fixture.offsets).toEqual([3, 4, 5, 6]);
    expect(fixture.sink.over).toBe('ended');
    expect(fixture.host).toMatchObject({ isForgotten: true, isJoined: false });
    fixture.expectNothingWrong();
  });

  test('goes on page after page until it is there', async () => {
    const fixture = new Fixture(0, 9, 5);
    fixture.host.answerRead = async (after) => toPage(createEvents(after + 1, after + 3), after + 3, 1);
    await fixture.subscription.replayStep();
    expect(fixture.sink.over).toBeUndefined();
    await fixture.subscription.replayStep();
    expect(fixture.offsets).toEqual([1, 2, 3, 4, 5]);
    expect(fixture.sink.over).toBe('ended');
  });

  test('is not ended before, for that would look as if everything had come', async () => {
    const fixture = new Fixture(2, 6, 6);
    fixture.subscription.end();
    expect(fixture.sink.over).toBeUndefined();
    await fixture.subscription.replayStep();
    expect(fixture.offsets).toEqual([3, 4, 5, 6]);
    expect(fixture.sink.over).toBe('ended');
  });

  test('is not ended before, also when its sink drains', async () => {
    const fixture = new Fixture(0, 6, 6);
    fixture.host.answerRead = async (after) => toPage(createEvents(after + 1, after + 3), after + 3, 1);
    fixture.sink.credit = 1;
    await fixture.subscription.replayStep();
    fixture.subscription.end();
    fixture.sink.makeRoom();
    fixture.subscription.progressed();
    expect(fixture.sink.over).toBeUndefined();
    await fixture.subscription.replayStep();
    expect(fixture.sink.over).toBe('ended');
    fixture.expectNothingWrong();
  });

  test('is cut visibly when it has to end before', () => {
    const fixture = new Fixture(2, 6, 6);
    fixture.subscription.cut('shutting down');
    expect(fixture.sink.over).toBe('cut');
  });

  test('ends there also when its sink is full: the rest drains by itself', async () => {
    const fixture = new Fixture(2, 6, 6);
    fixture.sink.credit = 1;
    await fixture.subscription.replayStep();
    expect(fixture.offsets).toEqual([3, 4, 5, 6]);
    expect(fixture.sink.over).toBe('ended');
  });
});

describe('a live subscription', () => {
  test('is as far as fan-out with each keep-alive', () => {
    const fixture = new Fixture(5, 5);
    fixture.host.last = 50;
    fixture.host.fannedOut = 50;
    fixture.tickAfter(INTERVAL_MS);
    expect(fixture.sink.watermarks).toEqual([{ offset: 50, timeMs: fixture.host.nowMs }]);
  });
});

describe('another selection', () => {
  const wider = selectPrefixes([parseTopic('/')]);

  test('takes the place of the one that a live stream had', () => {
    const { host, subscription } = new Fixture(0, 0);
    const { key } = subscription.selection;
    const joined: string[] = [];
    host.joinLive = (member?: Subscription) => joined.push(`joins ${member?.selection.key ?? ''}`);
    host.leaveLive = (member?: Subscription) => joined.push(`leaves ${member?.selection.key ?? ''}`);
    subscription.select(wider);
    subscription.select(selectPrefixes([parseTopic('/')]));
    expect(joined).toEqual([`leaves ${key}`, `joins ${wider.key}`]);
  });

  test('has the page read again that was under way for the other one', async () => {
    const { host, subscription, sink } = new Fixture(0, 3);
    const slow = new Deferred<ReplayPage>();
    host.answerRead = async () => slow.promise;
    const step = subscription.replayStep();
    subscription.select(wider);
    slow.resolve(toPage([], 3, 30));
    await step;
    expect(host.scheduledCount).toBe(2);
    host.answerRead = async (after) => toPage(createEvents(after + 1, 3), 3, 30);
    await subscription.replayStep();
    expect(sink.events.map(({ offset }) => offset)).toEqual([1, 2, 3]);
  });
});

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Retention, type RetentionPolicy } from '../../src/broker/retention.ts';
import { SteadyClock } from '../../src/core/clock.ts';
import { GitPubSubError } from '../../src/core/errors.ts';
import { parseTopic } from '../../src/core/topic.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { createMemoryStorage, MemoryEventLog } from '../support/memory-event-log.ts';
import { SilentLogger } from '../support/silent-logger.ts';
import { passTurns } from '../support/turns.ts';

const UNBOUNDED: RetentionPolicy = { maxAgeMs: undefined, maxEvents: undefined, maxBytes: undefined };
const HOUR_MS = 3_600_000;

class Fixture {
  readonly clock = new FakeClock();
  readonly logger = new SilentLogger();
  readonly steadyClock = new SteadyClock(this.clock);
  readonly eventLog = new MemoryEventLog({
    storage: createMemoryStorage(),
    steadyClock: this.steadyClock,
  });
  readonly retention: Retention;

  constructor(policy: Partial<RetentionPolicy>) {
    this.retention = new Retention(this.eventLog, { ...UNBOUNDED, ...policy }, this, this.logger);
  }

  async append(count: number): Promise<void> {
    const event = { topic: parseTopic('/a'), payload: '"12345678"' };
    await this.eventLog.append({ events: Array.from({ length: count }, () => event), publisher: 'unix' });
  }

  /** Looks at the log once a second has passed. */
  async tickLater(): Promise<void> {
    this.clock.advance(1_000);
    await this.tick();
  }

  async tick(): Promise<void> {
    this.retention.tick(this.clock.monotonicMs());
    await passTurns();
  }

  get heldCount(): number {
    return this.eventLog.lastOffset - this.eventLog.firstOffset + 1;
  }
}

describe('retention', () => {
  test('without bounds removes nothing', async () => {
    const fixture = new Fixture({});
    await fixture.append(10);
    fixture.clock.advance(1_000_000 * HOUR_MS);
    await fixture.tick();
    expect(fixture.heldCount).toBe(10);
  });

  test('by count keeps the newest', async () => {
    const fixture = new Fixture({ maxEvents: 3 });
    await fixture.append(10);
    await fixture.tick();
    expect(fixture.eventLog.firstOffset).toBe(8);
  });

  test('goes by other bounds once it is told so, at the next look and without another second', async () => {
    const fixture = new Fixture({ maxEvents: 6 });
    await fixture.append(10);
    await fixture.tick();
    fixture.retention.configure({ ...UNBOUNDED, maxEvents: 3 });
    await fixture.tick();
    expect(fixture.heldCount).toBe(3);
    fixture.retention.configure(UNBOUNDED);
    await fixture.append(10);
    await fixture.tickLater();
    expect(fixture.heldCount).toBe(13);
  });

  test('by bytes keeps the newest', async () => {
    const fixture = new Fixture({ maxBytes: 45 });
    await fixture.append(10);
    await fixture.tick();
    expect(fixture.heldCount).toBe(4);
  });

  test('by age removes an event once it is older, not before', async () => {
    const fixture = new Fixture({ maxAgeMs: HOUR_MS });
    await fixture.append(1);
    fixture.clock.advance(HOUR_MS);
    await fixture.append(1);
    await fixture.tick();
    expect(fixture.heldCount).toBe(2);
    await fixture.tickLater();
    expect(fixture.heldCount).toBe(1);
  });

  test('looks once a second', async () => {
    const fixture = new Fixture({ maxEvents: 1 });
    await fixture.tick();
    await fixture.append(2);
    fixture.clock.advance(999);
    await fixture.tick();
    expect(fixture.heldCount).toBe(2);
    fixture.clock.advance(1);
    await fixture.tick();
    expect(fixture.heldCount).toBe(1);
  });

  test('removes much by steps of 500 with rests between', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const fixture = new Fixture({ maxEvents: 0 });
    await fixture.append(1_200);
    await fixture.tick();
    const counts = [fixture.heldCount];
    for (let rest = 0; rest < 3; rest++) {
      await vi.runOnlyPendingTimersAsync();
      counts.push(fixture.heldCount);
    }
    expect(counts).toEqual([700, 200, 0, 0]);
  });

  test('by age stops in the middle when the clock jumps', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const fixture = new Fixture({ maxAgeMs: HOUR_MS });
    await fixture.append(1_200);
    fixture.clock.advance(2 * HOUR_MS);
    await fixture.append(300);
    await fixture.tick();
    expect(fixture.heldCount).toBe(1_000);
    fixture.clock.shiftWall(24 * 365 * HOUR_MS);
    for (let rest = 0; rest < 5; rest++) await vi.runOnlyPendingTimersAsync();
    expect(fixture.heldCount).toBe(1_000);
    fixture.clock.shiftWall(-24 * 365 * HOUR_MS);
    await fixture.tickLater();
    for (let rest = 0; rest < 5; rest++) await vi.runOnlyPendingTimersAsync();
    expect(fixture.heldCount).toBe(300);
  });

  test('begins nothing new while it is at it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const fixture = new Fixture({ maxEvents: 0 });
    await fixture.append(2_000);
    await fixture.tick();
    await fixture.tickLater();
    expect(fixture.heldCount).toBe(1_500);
  });

  test('removes nothing more once it was stopped', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const fixture = new Fixture({ maxEvents: 0 });
    await fixture.append(2_000);
    await fixture.tick();
    fixture.retention.stop();
    await vi.runOnlyPendingTimersAsync();
    await fixture.tickLater();
    expect(fixture.heldCount).toBe(1_500);
  });

  test('waits while the log fails', async () => {
    const fixture = new Fixture({ maxEvents: 0 });
    await fixture.append(1);
    fixture.eventLog.refuseWrites('full');
    fixture.eventLog.probe();
    await fixture.tickLater();
    expect(fixture.heldCount).toBe(1);
    fixture.eventLog.refuseWrites(undefined);
    fixture.eventLog.probe();
    await fixture.tick();
    expect(fixture.heldCount).toBe(0);
  });

  test('that failed says so once a minute and goes on then', async () => {
    const fixture = new Fixture({ maxEvents: 0 });
    await fixture.append(1);
    const prune = vi
      .spyOn(fixture.eventLog, 'prune')
      .mockRejectedValue(new GitPubSubError('log-unavailable', 'no'));
    for (let second = 0; second < 61; second++) await fixture.tickLater();
    expect(fixture.logger.messages('warn')).toEqual(['retention failed', 'retention failed']);
    prune.mockRestore();
    for (let second = 0; second < 59; second++) await fixture.tickLater();
    expect(fixture.heldCount).toBe(1);
    await fixture.tickLater();
    expect(fixture.heldCount).toBe(0);
  });
});

describe('while the wall clock and the monotonic clock disagree', () => {
  test.each([60_001, -60_001, 365 * 24 * HOUR_MS])('by %i ms, age removes nothing', async (shiftMs) => {
    const fixture = new Fixture({ maxAgeMs: 1_000 });
    await fixture.append(3);
    fixture.clock.advance(200_000);
    fixture.clock.shiftWall(shiftMs);
    await fixture.tick();
    expect(fixture.heldCount).toBe(3);
  });

  test.each([60_000, -60_000])('by no more than %i ms, age counts', async (shiftMs) => {
    const fixture = new Fixture({ maxAgeMs: 1_000 });
    await fixture.append(3);
    fixture.clock.advance(200_000);
    fixture.clock.shiftWall(shiftMs);
    await fixture.tick();
    expect(fixture.heldCount).toBe(0);
  });

  test('the other bounds still count', async () => {
    const fixture = new Fixture({ maxAgeMs: 1_000, maxEvents: 2 });
    await fixture.append(3);
    fixture.clock.shiftWall(365 * 24 * HOUR_MS);
    await fixture.tick();
    expect(fixture.heldCount).toBe(2);
  });

  test('age counts again once they agree', async () => {
    const fixture = new Fixture({ maxAgeMs: 1_000 });
    await fixture.append(3);
    fixture.clock.shiftWall(24 * HOUR_MS);
    await fixture.tickLater();
    expect(fixture.heldCount).toBe(3);
    fixture.clock.shiftWall(-24 * HOUR_MS);
    await fixture.tickLater();
    expect(fixture.heldCount).toBe(0);
  });
});

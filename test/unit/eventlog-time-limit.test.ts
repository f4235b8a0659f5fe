import { expect, test } from 'vitest';
import { SteadyClock } from '../../src/core/clock.ts';
import { TimeLimit } from '../../src/eventlog/time-limit.ts';
import { FAKE_START_MS, FakeClock } from '../support/fake-clock.ts';

function createFixture(toldMs: number) {
  const clock = new FakeClock();
  const steadyClock = new SteadyClock(clock);
  const limit = new TimeLimit(steadyClock, clock, toldMs);
  /** Stores a new limit if one is due, as a log does. */
  const renew = (): void => {
    const dueMs = limit.dueMs();
    if (dueMs !== undefined) limit.move(dueMs);
  };
  return { clock, steadyClock, limit, renew };
}

test('no time is told that was not stored as a limit first', () => {
  const { clock, steadyClock, limit } = createFixture(FAKE_START_MS);
  clock.advance(1_000_000);
  expect(steadyClock.nowMs()).toBe(FAKE_START_MS);
  limit.move(FAKE_START_MS + 10);
  expect(steadyClock.nowMs()).toBe(FAKE_START_MS + 10);
});

test('one that is renewed in time never holds up the clock', () => {
  const { clock, steadyClock, renew } = createFixture(0);
  for (let second = 0; second < 100; second++) {
    renew();
    expect(steadyClock.nowMs()).toBe(clock.nowMs());
    clock.advance(1_000);
  }
});

test('a new one is due now and then only', () => {
  const { clock, limit, renew } = createFixture(0);
  const seen = new Set<number>();
  for (let second = 0; second < 20; second++) {
    renew();
    seen.add(limit.ms);
    clock.advance(1_000);
  }
  expect([...seen].map((ms) => ms - FAKE_START_MS)).toEqual([10_000, 15_000, 20_000, 25_000]);
});

test('while the clock is behind, times go on all the same', () => {
  const { clock, steadyClock, renew } = createFixture(FAKE_START_MS + 3_600_000);
  const firstMs = steadyClock.nowMs();
  for (let second = 0; second < 600; second++) {
    clock.advance(1_000);
    renew();
  }
  expect(firstMs).toBe(FAKE_START_MS + 3_600_000);
  expect(steadyClock.nowMs()).toBeGreaterThan(firstMs + 250_000);
});

test('brokers that crash again and again do not run away from the clock', () => {
  let toldMs = 0;
  for (let run = 0; run < 1_000; run++) {
    const { clock, limit, renew } = createFixture(toldMs);
    for (let tick = 0; tick < 4; tick++) {
      renew();
      clock.advance(500);
    }
    toldMs = limit.ms;
  }
  expect(toldMs).toBeLessThanOrEqual(FAKE_START_MS + 12_000);
});

test('after a crash, times go on from the limit within a second or two', () => {
  const { clock, steadyClock, renew } = createFixture(FAKE_START_MS + 9_000);
  const said = Array.from({ length: 10 }, () => {
    renew();
    clock.advance(500);
    return steadyClock.nowMs();
  });
  expect(new Set(said).size).toBe(10);
});

test('the last one of a run is the time itself', () => {
  const { clock, limit, renew } = createFixture(0);
  renew();
  clock.advance(1_234);
  expect(limit.finalMs()).toBe(FAKE_START_MS + 1_234);
});

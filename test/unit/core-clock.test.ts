import { describe, expect, test } from 'vitest';
import { SteadyClock, SYSTEM_CLOCK } from '../../src/core/clock.ts';
import { FAKE_START_MS, FakeClock } from '../support/fake-clock.ts';

describe('the steady clock', () => {
  test('follows the clock', () => {
    const clock = new FakeClock();
    const steadyClock = new SteadyClock(clock);
    expect(steadyClock.nowMs()).toBe(FAKE_START_MS);
    clock.advance(10);
    expect(steadyClock.nowMs()).toBe(FAKE_START_MS + 10);
  });

  test('goes at half speed while the clock is behind, until that has caught up', () => {
    const clock = new FakeClock();
    const steadyClock = new SteadyClock(clock);
    steadyClock.nowMs();
    clock.shiftWall(-100);
    expect(steadyClock.nowMs()).toBe(FAKE_START_MS);
    const said = Array.from({ length: 25 }, () => {
      clock.advance(10);
      return steadyClock.nowMs() - FAKE_START_MS;
    });
    expect(said.slice(0, 4)).toEqual([5, 10, 15, 20]);
    expect(said.slice(18, 22)).toEqual([95, 100, 110, 120]);
  });

  test('loses no part of a millisecond, however often it is asked', () => {
    const clock = new FakeClock();
    const steadyClock = new SteadyClock(clock);
    steadyClock.nowMs();
    clock.shiftWall(-1_000);
    for (let ms = 0; ms < 100; ms++) {
      clock.advance(1);
      steadyClock.nowMs();
    }
    expect(steadyClock.nowMs()).toBe(FAKE_START_MS + 50);
  });

  test('stands still while the clock stands still', () => {
    const steadyClock = new SteadyClock(new FakeClock());
    expect([steadyClock.nowMs(), steadyClock.nowMs()]).toEqual([FAKE_START_MS, FAKE_START_MS]);
  });

  test('says no time beyond its limit, and forgets a jump that was over before a new limit', () => {
    const clock = new FakeClock();
    const steadyClock = new SteadyClock(clock);
    steadyClock.limitTo(FAKE_START_MS + 50);
    clock.shiftWall(1_000_000);
    expect(steadyClock.nowMs()).toBe(FAKE_START_MS + 50);
    expect(steadyClock.wantedMs()).toBe(FAKE_START_MS + 1_000_000);
    clock.shiftWall(-1_000_000);
    steadyClock.limitTo(FAKE_START_MS + 1_000);
    clock.advance(60);
    expect(steadyClock.nowMs()).toBe(FAKE_START_MS + 80);
  });

  test('never says a time before the one it was started at', () => {
    const steadyClock = new SteadyClock(new FakeClock());
    steadyClock.startAt(FAKE_START_MS + 50);
    expect(steadyClock.nowMs()).toBe(FAKE_START_MS + 50);
    steadyClock.startAt(FAKE_START_MS + 20);
    expect(steadyClock.nowMs()).toBe(FAKE_START_MS + 50);
  });
});

test('the clock of the machine tells whole milliseconds, and monotonic ones that never fall', () => {
  expect(Number.isSafeInteger(SYSTEM_CLOCK.nowMs())).toBe(true);
  const before = SYSTEM_CLOCK.monotonicMs();
  expect(SYSTEM_CLOCK.monotonicMs()).toBeGreaterThanOrEqual(before);
});

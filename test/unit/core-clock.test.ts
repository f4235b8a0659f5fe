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

  test('stands still while the clock is behind', () => {
    const clock = new FakeClock();
    const steadyClock = new SteadyClock(clock);
    steadyClock.nowMs();
    clock.shiftWall(-100);
    expect(steadyClock.nowMs()).toBe(FAKE_START_MS);
    clock.advance(101);
    expect(steadyClock.nowMs()).toBe(FAKE_START_MS + 1);
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

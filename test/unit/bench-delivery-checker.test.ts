import { describe, expect, test } from 'vitest';
import { DeliveryChecker } from '../../bench/load/delivery-checker.ts';

const NOTHING_WRONG = { lost: 0, doubled: 0, reordered: 0, strayed: 0 };

function faultsOf(places: readonly (readonly [lane: number, index: number])[], published: readonly number[]) {
  const checker = new DeliveryChecker(published.length);
  for (const [lane, index] of places) checker.take(lane, index);
  return checker.faults(Int32Array.from(published));
}

describe('the checker of the load generator', () => {
  test('finds nothing wrong when every lane comes whole and in order, whatever the order between lanes', () => {
    const places = [0, 1, 2].flatMap((index) => [[1, index] as const, [0, index] as const]);
    expect(faultsOf(places, [3, 3])).toEqual(NOTHING_WRONG);
  });

  test.each([
    ['the first event', [1, 2]],
    ['an event in the middle', [0, 2]],
    ['the last event', [0, 1]],
  ])('notices that %s is lost', (_, indexes) => {
    const places = indexes.map((index) => [0, index] as const);
    expect(faultsOf(places, [3])).toEqual({ ...NOTHING_WRONG, lost: 1 });
  });

  test('counts every event of a lane that never came as lost', () => {
    expect(faultsOf([[0, 0]], [1, 4])).toEqual({ ...NOTHING_WRONG, lost: 4 });
  });

  test.each([
    ['at once', [0, 1, 1, 2]],
    ['later', [0, 1, 2, 0]],
  ])('notices that an event is doubled %s', (_, indexes) => {
    const places = indexes.map((index) => [0, index] as const);
    expect(faultsOf(places, [3])).toEqual({ ...NOTHING_WRONG, doubled: 1 });
  });

  test('notices that two events came in the wrong order, and calls none of them lost', () => {
    const places = [0, 2, 1, 3].map((index) => [0, index] as const);
    expect(faultsOf(places, [4])).toEqual({ ...NOTHING_WRONG, reordered: 1 });
  });

  test('notices an event that came late and then once more', () => {
    const places = [1, 0, 0].map((index) => [0, index] as const);
    expect(faultsOf(places, [2])).toEqual({ ...NOTHING_WRONG, reordered: 1, doubled: 1 });
  });

  test.each([
    ['not wanted', 1],
    ['not known', 2],
  ])('notices an event of a lane that is %s', (_, lane) => {
    const checker = new DeliveryChecker(2, (wanted) => wanted === 0);
    checker.take(0, 0);
    checker.take(lane, 0);
    expect(checker.faults(Int32Array.of(1, 1))).toEqual({ ...NOTHING_WRONG, strayed: 1 });
  });

  test('asks nothing of what lies before the place where a subscriber begins', () => {
    const checker = new DeliveryChecker(1, undefined, 5);
    checker.take(0, 5);
    expect(checker.faults(Int32Array.of(6))).toEqual(NOTHING_WRONG);
  });

  test('tells two orders of the same events apart, and only those', () => {
    const [first, same, other] = [
      [0, 1],
      [0, 1],
      [1, 0],
    ].map((lanes) => {
      const checker = new DeliveryChecker(2);
      for (const lane of lanes) checker.take(lane, 0);
      return checker.orderHash;
    });
    expect(same).toBe(first);
    expect(other).not.toBe(first);
  });
});

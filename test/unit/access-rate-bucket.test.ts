// The token bucket against what it promises: never more than the average and a burst, and the wait that it tells is true.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RateBucket, type Rate } from '../../src/access/rate-bucket.ts';

const START_MS = 1_000_000;

const rates = fc.record({
  perSecond: fc.double({ min: 0.01, max: 10_000, noNaN: true }),
  burstSeconds: fc.double({ min: 1, max: 100, noNaN: true }),
});
const requests = fc.array(
  fc.record({
    /** How much of what the bucket holds is asked for. */
    part: fc.double({ min: 0, max: 3, noNaN: true }),
    pauseMs: fc.oneof(fc.constant(0), fc.nat(50_000)),
  }),
  { minLength: 1, maxLength: 40 },
);

/** The bucket as one would draw it: a level that rises, up to its brim. */
class PlainBucket {
  readonly #rate: Rate;
  readonly capacity: number;
  #level: number;
  #atMs = START_MS;

  constructor(rate: Rate) {
    this.#rate = rate;
    this.capacity = rate.perSecond * rate.burstSeconds;
    this.#level = this.capacity;
  }

  /** What is there; less than nothing when it owes. */
  levelAt(nowMs: number): number {
    const risen = (Math.max(0, nowMs - this.#atMs) / 1000) * this.#rate.perSecond;
    return Math.min(this.capacity, this.#level + risen);
  }

  take(amount: number, nowMs: number): void {
    this.#level = this.levelAt(nowMs) - amount;
    this.#atMs = nowMs;
  }
}

describe('a bucket', () => {
  test('gives exactly what it holds at once, and then one at a time as it fills', () => {
    const bucket = new RateBucket();
    const rate = { perSecond: 3, burstSeconds: 10 };
    const isGiven = (nowMs: number): boolean => {
      if (bucket.waitMs(1, rate, nowMs) > 0) return false;
      bucket.take(1, rate, nowMs);
      return true;
    };
    expect(Array.from({ length: 40 }, () => isGiven(START_MS)).filter(Boolean)).toHaveLength(30);
    expect(bucket.waitMs(1, rate, START_MS)).toBeCloseTo(333.33, 1);
    expect(isGiven(START_MS + 333)).toBe(false);
    expect(isGiven(START_MS + 334)).toBe(true);
    expect(isGiven(START_MS + 335)).toBe(false);
  });

  test('gives more than it holds when it is full, and nothing until that is paid', () => {
    const bucket = new RateBucket();
    const rate = { perSecond: 100, burstSeconds: 1 };
    expect(bucket.waitMs(1_000, rate, START_MS)).toBe(0);
    bucket.take(1_000, rate, START_MS);
    expect(bucket.waitMs(0, rate, START_MS)).toBe(9_000);
    expect(bucket.waitMs(1, rate, START_MS + 9_000)).toBe(10);
    expect(bucket.isFull(START_MS + 9_999)).toBe(false);
    expect(bucket.isFull(START_MS + 10_000)).toBe(true);
  });

  test('goes by another rate from the moment it is given one', () => {
    const bucket = new RateBucket();
    bucket.take(10, { perSecond: 1, burstSeconds: 10 }, START_MS);
    expect(bucket.waitMs(1, { perSecond: 1, burstSeconds: 10 }, START_MS)).toBe(1_000);
    expect(bucket.waitMs(1, { perSecond: 10, burstSeconds: 20 }, START_MS)).toBe(0);
  });

  test('grants, refuses and tells the wait as a level that rises does', () => {
    fc.assert(
      fc.property(rates, requests, (rate, wanted) => {
        const bucket = new RateBucket();
        const plain = new PlainBucket(rate);
        let nowMs = START_MS;
        for (const { part, pauseMs } of wanted) {
          nowMs += pauseMs;
          const amount = part * plain.capacity;
          const needed = Math.min(amount, plain.capacity);
          const missing = needed - plain.levelAt(nowMs);
          const waitMs = bucket.waitMs(amount, rate, nowMs);
          expect(Math.abs(waitMs - Math.max(0, missing / rate.perSecond) * 1000)).toBeLessThan(0.01);
          // The wait is true: then it is there, and shortly before it was not.
          expect(bucket.waitMs(amount, rate, nowMs + waitMs)).toBe(0);
          if (waitMs > 1) expect(bucket.waitMs(amount, rate, nowMs + waitMs - 1)).toBeGreaterThan(0);
          if (waitMs > 0) continue;
          bucket.take(amount, rate, nowMs);
          plain.take(amount, nowMs);
        }
      }),
    );
  });
});

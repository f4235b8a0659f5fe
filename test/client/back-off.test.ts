// How long a client waits, and how long it takes a stream for alive.
import { expect, test } from 'vitest';
import { BackOff } from '../../src/client/back-off.ts';
import { KeepAliveRhythm } from '../../src/client/keep-alive-rhythm.ts';

test('waits double up to the longest, and begin anew after a success', () => {
  const backOff = new BackOff({ firstMs: 100, longestMs: 500, random: () => 0.999 });
  expect([1, 2, 3, 4, 5].map(() => backOff.nextMs())).toEqual([99, 199, 399, 499, 499]);
  backOff.reset();
  expect(backOff.nextMs()).toBe(99);
});

test('a wait is anything from nothing to its bound, so that clients spread', () => {
  const backOff = new BackOff({ firstMs: 100, longestMs: 100 });
  const waits = Array.from({ length: 1_000 }, () => backOff.nextMs());
  expect(Math.min(...waits)).toBeLessThan(10);
  expect(Math.max(...waits)).toBeGreaterThan(90);
});

test('what the server asks for comes first, but never more than an hour', () => {
  const backOff = new BackOff({ firstMs: 100, random: () => 0.5 });
  expect([5_000, 1e12].map((ms) => backOff.nextMs(ms))).toEqual([5_050, 3_600_100]);
});

test('after thousands of failures a wait is still a number', () => {
  const backOff = new BackOff({ random: () => 0.5 });
  for (let i = 0; i < 5_000; i++) backOff.nextMs();
  expect(backOff.nextMs()).toBe(15_000);
});

function hear(rhythm: KeepAliveRhythm, ...timesMs: readonly number[]): number {
  for (const timeMs of timesMs) rhythm.noteKeepAlive(timeMs);
  return rhythm.limitMs;
}

test('a stream may be silent for 2.5 of the default intervals', () => {
  expect(new KeepAliveRhythm().limitMs).toBe(12_500);
});

test('an interval that is set counts, whatever comes', () => {
  expect(hear(new KeepAliveRhythm(300), 0, 1_000, 2_000, 3_000, 4_000, 5_000)).toBe(750);
});

test.each<[string, number[], number]>([
  ['a longer interval than the default is learnt', [0, 8_000], 20_000],
  ['the longest counts', [0, 7_000, 13_000], 17_500],
  ['nothing is learnt from shorter ones', [0, 1_000, 2_000, 3_000, 4_000, 5_000], 12_500],
  ['nothing is learnt from times that stand still', [9_000, 9_000, 9_000, 9_000, 9_000], 12_500],
  ['a clock that jumps is no interval of over 8 seconds', [0, 60_000], 20_000],
  ['a clock that jumps back is none', [60_000, 0], 12_500],
])('%s: %j', (_what, timesMs, limitMs) => {
  expect(hear(new KeepAliveRhythm(), ...timesMs)).toBe(limitMs);
});

test('another stream begins with the default: its broker may have been set anew', () => {
  const rhythm = new KeepAliveRhythm();
  hear(rhythm, 0, 8_000);
  rhythm.noteStart();
  expect(rhythm.limitMs).toBe(12_500);
  expect(hear(rhythm, 100_000)).toBe(12_500);
});

import { describe, expect, test } from 'vitest';
import { findGrowth, type Sample } from '../soak/flatness.ts';

function samplesOf(at: (seconds: number) => Partial<Sample>): Sample[] {
  return Array.from({ length: 180 }, (_, seconds) => ({
    seconds,
    residentMb: 100,
    descriptors: 50,
    ...at(seconds),
  }));
}

describe('what was measured over a long time', () => {
  test('is flat when it stays as it is', () => {
    expect(findGrowth(samplesOf(() => ({})))).toEqual([]);
  });

  test('is flat when it grows at the beginning only', () => {
    expect(findGrowth(samplesOf((seconds) => ({ residentMb: 100 + 2 * Math.min(seconds, 40) })))).toEqual([]);
  });

  test('is flat when it is high for a moment', () => {
    expect(findGrowth(samplesOf((seconds) => ({ residentMb: seconds % 20 === 0 ? 900 : 100 })))).toEqual([]);
  });

  test('has grown when memory grows steadily', () => {
    expect(findGrowth(samplesOf((seconds) => ({ residentMb: 100 + 2 * seconds })))).toEqual([
      'residentMb grew from 316 to 412',
    ]);
  });

  test('has grown when descriptors do', () => {
    expect(findGrowth(samplesOf((seconds) => ({ descriptors: 50 + seconds })))).toHaveLength(1);
  });

  test('is not called flat when nothing was measured', () => {
    expect(findGrowth([])).toHaveLength(2);
  });
});

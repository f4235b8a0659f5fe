// Whether what was measured over a long time stayed flat: the middle of the last third against that of the second.

import { median } from '../../bench/median.ts';

/** What was measured at one moment. */
export interface Sample {
  readonly seconds: number;
  readonly residentMb: number;
  readonly descriptors: number;
}

/** Part of the time that does not count: caches fill, code gets compiled, the log grows to what it holds. */
const WARM_UP_PART = 0.2;

/** How much more there may be in the last third than in the second. */
const TOLERATED = { factor: 1.2, residentMb: 10, descriptors: 10 };

/** What has grown, as sentences; none is the good case. Samples are in the order of time. */
export function findGrowth(samples: readonly Sample[]): string[] {
  const counted = samples.slice(Math.ceil(samples.length * WARM_UP_PART));
  const second = counted.slice(Math.floor(counted.length / 3), Math.floor((counted.length * 2) / 3));
  const last = counted.slice(Math.floor((counted.length * 2) / 3));
  return (['residentMb', 'descriptors'] as const).flatMap((key) => {
    const [before, after] = [second, last].map((part) => median(part.map((sample) => sample[key])));
    const isFlat = (after ?? NaN) <= (before ?? NaN) * TOLERATED.factor + TOLERATED[key];
    return isFlat ? [] : [`${key} grew from ${String(before)} to ${String(after)}`];
  });
}

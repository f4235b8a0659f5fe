import { describe, expect, test } from 'vitest';
import { toFootnotes, toRows } from '../../bench/report.ts';
import type { SideOutcome } from '../../bench/run-trial.ts';
import type { Trial } from '../../bench/trial.ts';

const trial: Trial = {
  name: 'short',
  what: 'a trial',
  sides: [],
  figures: [{ key: 'rate', unit: 'events/s' }],
};

function side(name: string, rate: number, changes: Partial<SideOutcome> = {}): SideOutcome {
  const busy = { generatorBusy: 0.5, brokerBusy: 0.95, othersBusy: 0 };
  return { side: name, figures: { rate }, rounds: [], faults: [], ...busy, ...changes };
}

function rows(...sides: readonly SideOutcome[]): string[] {
  return toRows(trial, { trial: 'short', sides, skipped: [] });
}

describe('a row of the bench', () => {
  test('tells the figure, and what the first side is against each other one', () => {
    expect(rows(side('ours', 3_000), side('theirs', 2_000))).toEqual([
      '| `short`: a trial | ours | 3,000 events/s |  | 95 %, 50 %, 0 % |  |',
      '|  | theirs | 2,000 events/s | 1.50 × | 95 %, 50 %, 0 % |  |',
    ]);
  });

  test.each([
    [0.89, false],
    [0.9, true],
  ])('with a generator that was busy for %s of the time calls it the limit: %s', (generatorBusy, isLimit) => {
    const [row] = rows(side('ours', 1, { generatorBusy }));
    expect(row?.includes('generator was the limit')).toBe(isLimit);
  });

  test('shows a fault beside the figure it spoils', () => {
    expect(rows(side('ours', 1, { faults: ['2 lost'] }))[0]).toMatch(/\| FAULT: 2 lost \|$/);
  });

  test('says why a trial was left out as a whole', () => {
    const outcome = { trial: 'short', sides: [], skipped: ['ours: no compiler'] };
    expect(toRows(trial, outcome)).toEqual(['| `short`: a trial | skipped |  |  |  | ours: no compiler |']);
    expect(toFootnotes([outcome])).toEqual([]);
  });

  test('says once why a peer was left out of several trials', () => {
    const outcome = { trial: 'short', sides: [side('ours', 1)], skipped: ['nchan: not installed'] };
    expect(toFootnotes([outcome, outcome])).toEqual(['Left out: nchan: not installed.']);
  });
});

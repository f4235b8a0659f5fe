// Globs against the shortest recursive reading of what they mean.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesGlob } from '../../src/core/glob.ts';

const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '.'), maxLength: 12 });
const glob = fc
  .array(fc.constantFrom('a', 'b', '/', '*', '**', '**/', '.'), { maxLength: 9 })
  .map((parts) => parts.join(''));

test('a glob matches what its meaning says', () => {
  fc.assert(
    fc.property(glob, text, (pattern, value) => {
      expect(matchesGlob(pattern, value, { steps: 1_000_000 })).toBe(means(pattern, value));
    }),
    { numRuns: 20_000 },
  );
});

test('a usual glob takes few steps', () => {
  const budget = { steps: 1_000 };
  expect(matchesGlob('**/broker/**/*.test.ts', 'src/main/broker/deep/down/live-index.test.ts', budget)).toBe(
    true,
  );
  expect(matchesGlob('src/**/*.kt', 'docs/guide.md', budget)).toBe(false);
  expect(budget.steps).toBeGreaterThan(900);
});

test.each(['a*a*a*a*a*a*a*a*b', '**a**a**a**a**a**a**a**b', '**/a*a*a*a*a*a*b', '**a*a*a*b'])(
  'the hostile glob %s on a long text ends with its budget, in doubt with a match',
  (pattern) => {
    const budget = { steps: 100_000 };
    const isMatch = matchesGlob(pattern, `${'a'.repeat(16_000)}c`, budget);
    expect(budget.steps).toBeGreaterThanOrEqual(-1);
    expect(isMatch).toBe(budget.steps < 0);
  },
);

function means(pattern: string, value: string, isSegmentStart: boolean = true): boolean {
  if (pattern === '') return value === '';
  if (pattern.startsWith('**')) {
    const isSegments = isSegmentStart && pattern.startsWith('**/');
    if (means(pattern.slice(isSegments ? 3 : 2), value, isSegments)) return true;
    const skipped = isSegments ? value.indexOf('/') + 1 : Math.min(1, value.length);
    return skipped > 0 && means(pattern, value.slice(skipped), isSegmentStart);
  }
  if (pattern.startsWith('*')) {
    if (means(pattern.slice(1), value, false)) return true;
    return value !== '' && value[0] !== '/' && means(pattern, value.slice(1), isSegmentStart);
  }
  return pattern[0] === value[0] && means(pattern.slice(1), value.slice(1), pattern[0] === '/');
}

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
      expect(matchesGlob(pattern, value)).toBe(means(pattern, value));
    }),
    { numRuns: 20_000 },
  );
});

test('a hostile glob on a long text is no work', () => {
  const value = `${'a'.repeat(4_000)}c`;
  for (const pattern of ['a*a*a*a*a*a*a*a*b', '**a**a**a**a**a**a**a**b', '**/a*a*a*a*a*a*b'])
    for (let run = 0; run < 100; run++) expect(matchesGlob(pattern, value)).toBe(false);
});

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

// What the page says again, because browsers get its own files alone: it must be what core says.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { shortRef as coreShortRef } from '../../src/core/event-facts.ts';
import { FILTER_KEYS } from '../../src/core/event-filter.ts';
import { FILTER_NAMES } from '../../src/page/addresses.ts';
import { shortRef } from '../../src/page/refs.ts';

test('the page filters by what the broker filters by, and has a field for each', () => {
  expect(FILTER_NAMES).toEqual(FILTER_KEYS);
  const html = readFileSync(new URL('../../src/page/index.html', import.meta.url), 'utf8');
  for (const key of FILTER_KEYS) expect(html).toContain(`name="${key}"`);
});

test.each([
  'refs/heads/main',
  'refs/heads/refs/heads/a',
  'refs/heads/tags/a',
  'refs/tags/v1',
  'refs/tags/heads/v1',
  'refs/notes/commits',
  'refs/',
  'heads/main',
  'main',
  '',
])('the short name of "%s" is the one that filters know', (ref) => {
  expect(shortRef(ref)).toBe(coreShortRef(ref));
});

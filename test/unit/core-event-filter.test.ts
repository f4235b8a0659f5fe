import { describe, expect, test } from 'vitest';
import { EventFilter, type FilterKey } from '../../src/core/event-filter.ts';
import { readEventFacts } from '../../src/core/event-facts.ts';
import { matchesGlob } from '../../src/core/glob.ts';

const HASH = '0123456789abcdef0123456789abcdef01234567';
const COMMIT = {
  commit: {
    project: 'team/widget',
    ref: 'refs/heads/feature/x',
    hash: HASH,
    author: 'Ann Other',
    email: 'Ann@Example.com',
    files: ['README.md', 'src/core/topic.ts'],
  },
};
const PUSH = { push: { project: 'team/widget', ref: 'refs/tags/v1.0', after: HASH } };

type Wanted = readonly (readonly [FilterKey, string])[];

function filterOf(...wanted: Wanted): EventFilter {
  const criteria = new Map<FilterKey, string[]>();
  for (const [key, value] of wanted) criteria.set(key, [...(criteria.get(key) ?? []), value]);
  return new EventFilter(criteria);
}

function matches(event: unknown, ...wanted: Wanted): boolean {
  return filterOf(...wanted).matches(readEventFacts(JSON.stringify(event)));
}

describe('a glob', () => {
  test.each([
    ['main', 'main', true],
    ['main', 'mains', false],
    ['*', 'main', true],
    ['*', 'feature/x', false],
    ['**', 'feature/x', true],
    ['feature/*', 'feature/x', true],
    ['feature/*', 'feature/x/y', false],
    ['feature/**', 'feature/x/y', true],
    ['feature/**', 'feature', false],
    ['**/*.ts', 'src/core/topic.ts', true],
    ['**/*.ts', 'topic.ts', true],
    ['**/topic.ts', 'subtopic.ts', false],
    ['a/**/b', 'a/b', true],
    ['a/**/b', 'a/x/y/b', true],
    ['v*.0', 'v1.0', true],
    ['a.c', 'abc', false],
    ['?', 'a', false],
    ['[ab]', 'a', false],
    ['', '', true],
    ['*', '', true],
  ])('%j against %j: %j', (glob, text, expected) => {
    expect(matchesGlob(glob, text, { steps: 1_000 })).toBe(expected);
  });
});

describe('a filter', () => {
  test.each<[FilterKey, string, boolean]>([
    ['project', 'team/widget', true],
    ['project', 'team/*', true],
    ['project', 'widget', false],
    ['project', 'Team/widget', false],
    ['ref', 'refs/heads/feature/x', true],
    ['ref', 'feature/x', true],
    ['ref', 'heads/feature/x', false],
    ['ref', 'x', false],
    ['path', 'README.md', true],
    ['path', 'src/**', true],
    ['path', 'src/*', false],
    ['author', 'Ann Other', true],
    ['author', 'ann@example.com', true],
    ['author', '*@example.com', true],
    ['author', 'bob*', false],
    ['type', 'commit', true],
    ['type', 'push', false],
    ['hash', HASH, true],
    ['hash', HASH.slice(0, 7).toUpperCase(), true],
    ['hash', HASH.slice(1, 9), false],
  ])('%s=%s on a commit: %j', (key, value, expected) => {
    expect(matches(COMMIT, [key, value])).toBe(expected);
  });

  test.each<[FilterKey, string, boolean]>([
    ['project', 'team/widget', true],
    ['ref', 'v1.0', true],
    ['ref', 'refs/tags/*', true],
    ['type', 'push', true],
    ['path', '**', false],
    ['author', '*', false],
    ['hash', HASH, false],
  ])('%s=%s on a push: %j', (key, value, expected) => {
    expect(matches(PUSH, [key, value])).toBe(expected);
  });

  test.each([1, null, 'text', [], {}, { commit: 1 }, { commit: [] }, { push: null }])(
    'finds only the type in other JSON: %j',
    (event) => {
      expect(matches(event, ['type', 'other'])).toBe(true);
      expect(matches(event, ['project', '**'])).toBe(false);
    },
  );

  test('finds nothing in members of another kind than the hook writes', () => {
    const commit = { project: 7, ref: null, files: 'README.md', author: ['Ann'] };
    for (const key of ['project', 'ref', 'path', 'author'] as const)
      expect(matches({ commit }, [key, '**'])).toBe(false);
  });

  test('of a short name of a ref outside of heads and tags has what follows "refs/"', () => {
    const commit = { ref: 'refs/notes/commits' };
    expect(matches({ commit }, ['ref', 'notes/commits'])).toBe(true);
  });

  test('takes any path in a list that was cut', () => {
    const commit = { files: ['a'], filesTruncated: true };
    expect(matches({ commit }, ['path', 'elsewhere'])).toBe(true);
  });

  test('wants any value of the same key, and all keys', () => {
    expect(matches(COMMIT, ['ref', 'main'], ['ref', 'feature/*'])).toBe(true);
    expect(matches(COMMIT, ['ref', 'feature/*'], ['type', 'push'])).toBe(false);
  });

  test('has the same key as another one that wants the same', () => {
    const one = filterOf(['ref', 'a'], ['ref', 'b'], ['author', 'Ann']);
    const same = filterOf(['author', 'ann'], ['ref', 'b'], ['ref', 'a'], ['ref', 'a']);
    expect(same.key).toBe(one.key);
    expect(filterOf(['ref', 'a'], ['author', 'Ann']).key).not.toBe(one.key);
  });

  test.each<[FilterKey, string, string]>([
    ['type', 'comit', 'There is no type "comit". Did you mean "commit"? Known: commit, push, other.'],
    ['hash', '12345', '"12345" is no commit hash; 7 to 64 hexadecimal digits are.'],
    ['hash', 'main', '"main" is no commit hash'],
    ['ref', '', 'The filter "ref" is empty'],
    ['path', 'x'.repeat(513), 'has 513 characters; at most 512'],
    ['path', '*a*a*a*a*a*a*a*a*', 'has 9 wildcards; at most 8'],
  ])('%s=%s is refused', (key, value, message) => {
    expect(() => filterOf([key, value])).toThrow(
      expect.objectContaining({ code: 'invalid-query', message: expect.stringContaining(message) }),
    );
  });

  test('of more than 32 values is refused', () => {
    const values = Array.from({ length: 33 }, (_, i) => ['ref', `r${i}`] as const);
    expect(() => filterOf(...values)).toThrow('at most 32 values; this one has 33');
    expect(() => filterOf(...values.slice(1))).not.toThrow();
  });
});

import { describe, expect, test } from 'vitest';
import { HiddenTopics } from '../../src/core/hidden-topics.ts';
import { selectPrefixes, selects, type Selection } from '../../src/core/selection.ts';
import { parseTopic } from '../../src/core/topic.ts';

function select(...paths: string[]): Selection {
  return selectPrefixes(paths.map((path) => parseTopic(path)));
}

function selectHiding(
  paths: readonly string[],
  privates: readonly string[],
  grants: readonly string[],
): Selection {
  const hidden = new HiddenTopics(privates.map(parseTopic), grants.map(parseTopic));
  return selectPrefixes(
    paths.map((path) => parseTopic(path)),
    { hidden },
  );
}

describe('a selection', () => {
  test.each([
    [['/a'], ['/a']],
    [
      ['/b', '/a'],
      ['/a', '/b'],
    ],
    [['/a', '/a'], ['/a']],
    [['/a/b', '/a'], ['/a']],
    [['/a', '/', '/b/c'], ['/']],
    [
      ['/foobar', '/foo'],
      ['/foo', '/foobar'],
    ],
    [
      ['/foo', '/foo.', '/foo/bar'],
      ['/foo', '/foo.'],
    ],
  ])('of %j holds the outermost prefixes, sorted: %j', (paths, prefixes) => {
    expect(select(...paths).prefixes).toEqual(prefixes);
  });

  test('has the same key as another one of the same events', () => {
    expect(select('/b', '/a', '/a/x').key).toBe(select('/a', '/b').key);
  });

  test.each([
    [['/a'], ['/b']],
    [['/a'], ['/a', '/b']],
    [['/a%20/b'], ['/a', '/b']],
    [
      ['/a%20/b', '/c'],
      ['/a', '/b', '/c'],
    ],
    [
      ['/a,', '/b'],
      ['/a', ',/b'],
    ],
    [['/a%22,%22/b'], ['/a', '/b']],
  ])('has another key than one of other events: %j and %j', (some, others) => {
    expect(select(...some).key).not.toBe(select(...others).key);
  });

  test('of many prefixes holds the outermost, and selects what any of them covers', () => {
    const paths = Array.from({ length: 40 }, (_, i) => `/many/${i}`);
    const selection = select(...paths, ...paths.map((path) => `${path}/below`), '/many/7');
    expect(selection.prefixes).toEqual(paths.toSorted());
    const wanted = ['/many/7', '/many/39/below/x', '/many', '/many/40', '/many/70', '/'].filter((path) =>
      selects(selection, { topic: parseTopic(path), payload: '1' }),
    );
    expect(wanted).toEqual(['/many/7', '/many/39/below/x']);
    expect(select(...paths, '/').prefixes).toEqual(['/']);
  });

  test('selects what any of its prefixes covers', () => {
    const selection = select('/a', '/b/c');
    const wanted = ['/a', '/a/x', '/b/c', '/b/c/d', '/b', '/ab', '/', '/c'].filter((path) =>
      selects(selection, { topic: parseTopic(path), payload: '1' }),
    );
    expect(wanted).toEqual(['/a', '/a/x', '/b/c', '/b/c/d']);
  });

  test('selects nothing that is hidden', () => {
    const selection = selectHiding(['/'], ['/secret'], ['/secret/ours']);
    const wanted = ['/', '/a', '/secret', '/secret/x', '/secret/ours/x'].filter((path) =>
      selects(selection, { topic: parseTopic(path), payload: '1' }),
    );
    expect(wanted).toEqual(['/', '/a', '/secret/ours/x']);
  });

  test('has the same key for readers of whom the same is hidden there, whatever is hidden elsewhere', () => {
    expect(selectHiding(['/a'], ['/b'], []).key).toBe(select('/a').key);
    expect(selectHiding(['/a'], ['/a/x', '/b'], ['/c']).key).toBe(selectHiding(['/a'], ['/a/x'], []).key);
  });

  test.each([
    [['/'], ['/a'], [], ['/'], [], []],
    [['/'], ['/a'], [], ['/'], ['/b'], []],
    [['/'], ['/a', '/b'], [], ['/'], ['/b'], []],
    [['/'], ['/a'], ['/a/b'], ['/'], ['/a'], []],
    [['/'], ['/a'], ['/a/b'], ['/'], ['/a', '/a/b'], []],
    [['/', '/a'], [], [], ['/'], ['/a'], []],
  ])('has another key where something else is hidden: %j %j %j and %j %j %j', (...[a, b, c, d, e, f]) => {
    expect(selectHiding(a, b, c).key).not.toBe(selectHiding(d, e, f).key);
  });
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HiddenTopics } from '../../src/core/hidden-topics.ts';
import { covers, parseTopic, type Topic } from '../../src/core/topic.ts';

function hidden(privates: readonly string[], grants: readonly string[] = []): HiddenTopics {
  return new HiddenTopics(privates.map(parseTopic), grants.map(parseTopic));
}

const topic = fc
  .array(fc.constantFrom('a', 'b', 'ab'), { maxLength: 3 })
  .map((segments) => parseTopic(`/${segments.join('/')}`));
const topics = fc.array(topic, { maxLength: 4 });
const everyTopic = ['a', 'b', 'ab', ''].flatMap((one) =>
  ['a', 'b', 'ab', ''].flatMap((two) =>
    ['a', 'b', 'ab', ''].map((three) => parseTopic(`/${one}/${two}/${three}`)),
  ),
);

/** What the word says, as slowly as can be. */
function isHidden(privates: readonly Topic[], grants: readonly Topic[], one: Topic): boolean {
  return privates.some((prefix) => covers(prefix, one)) && !grants.some((prefix) => covers(prefix, one));
}

describe('a private prefix', () => {
  test.each([
    ['/secret', true],
    ['/secret/deep/down', true],
    ['/', false],
    ['/secrets', false],
    ['/other/secret', false],
  ])('hides %s: %s', (path, isExpected) => {
    expect(hidden(['/secret']).hides(parseTopic(path))).toBe(isExpected);
  });

  test.each([
    ['/secret/ours', false],
    ['/secret/ours/too', false],
    ['/secret', true],
    ['/secret/theirs', true],
  ])('with a grant below it hides %s: %s', (path, isExpected) => {
    expect(hidden(['/secret'], ['/secret/ours']).hides(parseTopic(path))).toBe(isExpected);
  });

  test('below a grant hides nothing', () => {
    expect(hidden(['/a/b'], ['/a']).hides(parseTopic('/a/b/c'))).toBe(false);
  });
});

test('what is hidden is what is private and not granted', () => {
  fc.assert(
    fc.property(topics, topics, topic, (privates, grants, one) => {
      expect(new HiddenTopics(privates, grants).hides(one)).toBe(isHidden(privates, grants, one));
    }),
  );
});

test('the part within some prefixes hides the same there', () => {
  fc.assert(
    fc.property(
      topics,
      topics,
      fc.array(topic, { minLength: 1, maxLength: 3 }),
      (privates, grants, prefixes) => {
        const whole = new HiddenTopics(privates, grants);
        const part = whole.within(prefixes);
        for (const one of everyTopic.filter((each) => prefixes.some((prefix) => covers(prefix, each))))
          expect(part?.hides(one) ?? false).toBe(whole.hides(one));
      },
    ),
  );
});

test('there is no part where nothing is hidden', () => {
  expect(hidden(['/a', '/b/c'], ['/a']).within([parseTopic('/a'), parseTopic('/b/d')])).toBeUndefined();
});

test('the part within everything is the whole itself, so that all streams share it', () => {
  const whole = hidden(['/a', '/b/c', '/d'], ['/a/x', '/d', '/e']);
  expect(whole.within([parseTopic('/')])).toBe(whole);
  expect(whole.within(['/a', '/b'].map(parseTopic))).toBe(whole);
  expect(whole.within([parseTopic('/a')])).not.toBe(whole);
});

test('readers of whom the same is hidden have the same key', () => {
  const [one, other] = [hidden(['/a', '/b']), hidden(['/b', '/c', '/a', '/d'], ['/c', '/d/e'])];
  const prefixes = [parseTopic('/a')];
  expect(one.within(prefixes)?.key).toBe(other.within(prefixes)?.key);
});

test('more is hidden exactly when some topic is hidden now that was not', () => {
  fc.assert(
    fc.property(topics, topics, topics, topics, (privates, grants, otherPrivates, otherGrants) => {
      const one = new HiddenTopics(privates, grants);
      const other = new HiddenTopics(otherPrivates, otherGrants);
      const isMore = everyTopic.some((each) => one.hides(each) && !other.hides(each));
      expect(one.hidesMoreThan(other)).toBe(isMore);
      expect(one.hidesMoreThan(undefined)).toBe(everyTopic.some((each) => one.hides(each)));
    }),
  );
});

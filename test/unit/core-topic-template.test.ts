import { expect, test } from 'vitest';
import {
  belongsToBroker,
  checkTemplate,
  DEFAULT_TOPIC_TEMPLATE,
  topicPath,
} from '../../src/core/topic-template.ts';

test.each([
  ['refs/heads/main', '/json/widget/main'],
  ['refs/heads/a/b/c', '/json/widget/a/b/c'],
  ['refs/tags/v1', '/json/widget/refs/tags/v1'],
  ['refs/notes/commits', '/json/widget/refs/notes/commits'],
  ['refs/heads/100%?#&+ü日🎉', '/json/widget/100%25%3F%23%26%2B%C3%BC%E6%97%A5%F0%9F%8E%89'],
  ['refs/heads/%2F', '/json/widget/%252F'],
  ['refs/heads/-', '/json/widget/-'],
  ['refs/heads/gr\ufffdn', '/json/widget/gr%EF%BF%BDn'],
])('%s goes to %s by default', (ref, path) => {
  expect(topicPath(DEFAULT_TOPIC_TEMPLATE, 'widget', ref)).toBe(path);
});

test.each([
  ['/a b/50%/{branch}', '/a%20b/50%25/main'],
  ['no/slash//twice/', '/no/slash/twice'],
  ['/{type}/{ref}', '/branch/refs/heads/main'],
  ['/{project}.{branch}', '/team/widget.main'],
  ['/', '/'],
])('the template %s gives %s', (template, path) => {
  expect(topicPath(template, 'team/widget', 'refs/heads/main')).toBe(path);
});

test('values are not taken for templates', () => {
  expect(topicPath('/{project}/{branch}', '{ref}', 'refs/heads/{type}')).toBe('/%7Bref%7D/%7Btype%7D');
});

test('an unknown placeholder is refused with those that are known', () => {
  expect(() => checkTemplate('gitpubsub.topic', '/{repo}')).toThrow(
    'gitpubsub.topic: {repo} is unknown, allowed are {project}, {branch}, {ref}, {type}',
  );
});

test.each(['/-/{branch}', '-/x', '//-', '/{repo}'])(
  'no ref can be published by the template %s',
  (template) => {
    expect(() => checkTemplate('topic', template)).toThrow(/belongs to the broker|is unknown/);
  },
);

test.each([
  ['', 'topic: it is empty; allowed is a template such as /json/{project}/{branch}.'],
  ['/json/{', 'topic: a brace in /json/{ belongs to no placeholder, allowed are {project},'],
  ['/json/branch}', 'topic: a brace in /json/branch} belongs to no placeholder'],
  ['/json/../{branch}', 'topic: "/json/../{branch}" makes no topic: ".." is not allowed as a topic segment.'],
  ['/json/\u0000', 'makes no topic: The topic segment "\\u0000" holds a control character'],
  ['/a\ud800', 'makes no topic'],
  [`${'/a'.repeat(32)}/{branch}`, 'makes no topic: A topic has at most 32 segments; this one has 33.'],
])('a template that can make no topic is refused: %j', (template, message) => {
  const error = expect.objectContaining({
    code: 'invalid-configuration',
    message: expect.stringContaining(message),
  });
  expect(() => checkTemplate('topic', template)).toThrow(error);
});

test.each(['/-x/{branch}', '/{branch}', '/x/-/y', '/', 'a..b/{project}..', `${'/a'.repeat(31)}/{branch}`])(
  'the template %s is fine',
  (template) => {
    expect(() => checkTemplate('topic', template)).not.toThrow();
  },
);

test.each([
  ['/-', true],
  ['/-/x', true],
  ['/-x', false],
  ['/x/-', false],
])('%s is a path of the broker itself: %s', (path, isBrokers) => {
  expect(belongsToBroker(path)).toBe(isBrokers);
});

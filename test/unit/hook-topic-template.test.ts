import { expect, test } from 'vitest';
import { parseRefUpdates, type RefUpdate } from '../../src/hook/ref-update.ts';
import {
  belongsToBroker,
  checkTemplate,
  DEFAULT_TOPIC_TEMPLATE,
  topicPath,
} from '../../src/hook/topic-template.ts';

function update(ref: string | Buffer): RefUpdate {
  const line = Buffer.concat([Buffer.from(`${'0'.repeat(40)} ${'1'.repeat(40)} `), Buffer.from(ref)]);
  const [parsed] = parseRefUpdates(line);
  if (parsed === undefined) throw new TypeError('no update');
  return parsed;
}

test.each([
  ['refs/heads/main', '/json/widget/main'],
  ['refs/heads/a/b/c', '/json/widget/a/b/c'],
  ['refs/tags/v1', '/json/widget/refs/tags/v1'],
  ['refs/notes/commits', '/json/widget/refs/notes/commits'],
  ['refs/heads/100%?#&+ü日🎉', '/json/widget/100%25%3F%23%26%2B%C3%BC%E6%97%A5%F0%9F%8E%89'],
  ['refs/heads/%2F', '/json/widget/%252F'],
  ['refs/heads/-', '/json/widget/-'],
])('%s goes to %s by default', (ref, path) => {
  expect(topicPath(DEFAULT_TOPIC_TEMPLATE, 'widget', update(ref))).toBe(path);
});

test('bytes that are not UTF-8 become U+FFFD in the topic', () => {
  const ref = Buffer.from('refs/heads/gr\xfcn', 'latin1');
  expect(topicPath(DEFAULT_TOPIC_TEMPLATE, 'widget', update(ref))).toBe('/json/widget/gr%EF%BF%BDn');
});

test.each([
  ['/a b/50%/{branch}', '/a%20b/50%25/main'],
  ['no/slash//twice/', '/no/slash/twice'],
  ['/{type}/{ref}', '/branch/refs/heads/main'],
  ['/{project}.{branch}', '/team/widget.main'],
  ['/', '/'],
])('the template %s gives %s', (template, path) => {
  expect(topicPath(template, 'team/widget', update('refs/heads/main'))).toBe(path);
});

test('values are not taken for templates', () => {
  expect(topicPath('/{project}/{branch}', '{ref}', update('refs/heads/{type}'))).toBe(
    '/%7Bref%7D/%7Btype%7D',
  );
});

test('an unknown placeholder is refused with those that are known', () => {
  expect(() => topicPath('/{repo}', 'w', update('refs/heads/main'))).toThrow(
    'gitpubsub.topic: {repo} is unknown, allowed are {project}, {branch}, {ref}, {type}',
  );
});

test.each(['/-/{branch}', '-/x', '//-', '/{repo}'])(
  'no ref can be published by the template %s',
  (template) => {
    expect(() => checkTemplate(template)).toThrow(/belongs to the broker|is unknown/);
  },
);

test.each(['/-x/{branch}', '/{branch}', '/x/-/y'])('the template %s is fine', (template) => {
  expect(() => checkTemplate(template)).not.toThrow();
});

test.each([
  ['/-', true],
  ['/-/x', true],
  ['/-x', false],
  ['/x/-', false],
])('%s is a path of the broker itself: %s', (path, isBrokers) => {
  expect(belongsToBroker(path)).toBe(isBrokers);
});

import { describe, expect, test } from 'vitest';
import {
  covers,
  MAX_TOPIC_BYTES,
  MAX_TOPIC_SEGMENTS,
  parsePrefix,
  parseTopic,
  ROOT_TOPIC,
  selfAndAncestors,
  topicFromSegments,
  topicSegments,
} from '../../src/core/topic.ts';

function encodePath(text: string): string {
  return `/${text.split('/').map(encodeURIComponent).join('/')}`;
}

describe('a path', () => {
  test.each([
    ['/', []],
    ['', []],
    ['///', []],
    ['/json', ['json']],
    ['json', ['json']],
    ['/json/', ['json']],
    ['//json///widget//', ['json', 'widget']],
    ['/Json', ['Json']],
    ['/a%2Fb', ['a/b']],
    ['/a%2fb/c', ['a/b', 'c']],
    ['/a%252Fb', ['a%2Fb']],
    ['/%61', ['a']],
    ['/a%20b', ['a b']],
    ['/a b', ['a b']],
    ['/a+b', ['a+b']],
    ['/%2B', ['+']],
    ['/%3F%23', ['?#']],
    ['/%C3%A4', ['\u00e4']],
    ['/\u00e4', ['\u00e4']],
    ['/%F0%9F%98%80', ['\u{1f600}']],
    ['/%EF%BF%BD', ['\ufffd']],
    ['/...', ['...']],
    ['/.git/..x', ['.git', '..x']],
    ['/*', ['*']],
    ['/-', ['-']],
    ['/a\\b', ['a\\b']],
    ['/%E2%80%AE', ['\u202e']],
    ['/__proto__/constructor', ['__proto__', 'constructor']],
  ])('%j has the segments %j', (path, segments) => {
    expect(topicSegments(parseTopic(path))).toEqual(segments);
  });

  test.each([
    ['a dot segment', '/.'],
    ['a dot segment inside', '/a/./b'],
    ['a parent segment', '/a/../b'],
    ['an escaped parent segment', '/%2e%2E/etc'],
    ['half of one escaped', '/.%2e'],
    ['a NUL', '/a%00b'],
    ['a line feed', '/a%0Ab'],
    ['a carriage return', '/a%0D'],
    ['a tab', '/%09'],
    ['an escape', '/%1b[31m'],
    ['a delete', '/%7F'],
    ['a C1 control', '/%C2%85'],
    ['a raw control', '/a\u0001'],
    ['a percent sign alone', '/100%'],
    ['a percent sign with one digit', '/%4'],
    ['a percent sign with no digits', '/%zz'],
    ['a byte that is no UTF-8', '/%ff'],
    ['a raw byte that is no UTF-8', '/\ufffd'],
    ['a cut sequence', '/%C3'],
    ['an overlong slash', '/%C0%AF'],
    ['a surrogate', '/%ED%A0%80'],
    ['a character beyond Unicode', '/%F4%90%80%80'],
  ])('with %s is no topic', (_what, path) => {
    expect(() => parseTopic(path)).toThrow(expect.objectContaining({ code: 'invalid-topic' }));
  });

  test('may have 32 segments, not 33', () => {
    expect(topicSegments(parseTopic('/a'.repeat(MAX_TOPIC_SEGMENTS)))).toHaveLength(32);
    expect(topicSegments(parseTopic('//a'.repeat(MAX_TOPIC_SEGMENTS)))).toHaveLength(32);
    expect(() => parseTopic('/a'.repeat(MAX_TOPIC_SEGMENTS + 1))).toThrow('at most 32 segments');
  });

  test.each(['a', '\u00e4', '\u{1f600}', '%'])(
    'may have 1,024 decoded bytes, separators included, not more: %s',
    (unit) => {
      const bytes = Buffer.byteLength(unit);
      const fitting = `x/${unit.repeat(Math.floor((MAX_TOPIC_BYTES - 3) / bytes))}`;
      const rest = 'y'.repeat(MAX_TOPIC_BYTES - 1 - Buffer.byteLength(fitting));
      expect(topicSegments(parseTopic(encodePath(fitting + rest))).join('/')).toBe(fitting + rest);
      expect(() => parseTopic(encodePath(`${fitting}${rest}z`))).toThrow('this one has 1025');
    },
  );

  test('of different spellings is the same topic exactly when the segments are the same', () => {
    expect(parseTopic('//%66oo/b%61r/')).toBe(parseTopic('/foo/bar'));
    expect(parseTopic('/a%2Fb')).not.toBe(parseTopic('/a/b'));
    expect(parseTopic('/a%252Fb')).not.toBe(parseTopic('/a%2Fb'));
  });
});

describe('the path of a subscription', () => {
  test.each([
    ['/*', '/'],
    ['/foo/*', '/foo'],
    ['/foo/*/', '/foo'],
    ['/foo/*//', '/foo'],
    ['/foo//*', '/foo'],
    ['/foo', '/foo'],
    ['/*/foo', '/*/foo'],
    ['/foo/*/*', '/foo/*'],
    ['/foo*', '/foo*'],
    ['/foo/**', '/foo/**'],
    ['/%2A', '/*'],
  ])('%s covers what is at or below %s', (path, prefix) => {
    expect(parsePrefix(path)).toBe(prefix);
  });
});

describe('segments', () => {
  test.each([
    [[]],
    [['a', 'b']],
    [['a/b', '%', '%2F', '%25', '/']],
    [[' ', '\u00e4', '\u{1f600}', '*', '-']],
  ])('%j make a topic that gives them back', (segments) => {
    expect(topicSegments(topicFromSegments(segments))).toEqual(segments);
  });

  test.each([[['']], [['a', '']], [['.']], [['..']], [['\n']]])('%j make no topic', (segments) => {
    expect(() => topicFromSegments(segments)).toThrow(expect.objectContaining({ code: 'invalid-topic' }));
  });
});

describe('a prefix', () => {
  test.each([
    ['/', '/'],
    ['/', '/a/b'],
    ['/foo', '/foo'],
    ['/foo', '/foo/bar'],
    ['/foo', '/foo/bar/baz'],
    ['/a%2Fb', '/a%2Fb/c'],
  ])('%s covers %s', (prefix, topic) => {
    expect(covers(parseTopic(prefix), parseTopic(topic))).toBe(true);
  });

  test.each([
    ['/foo', '/'],
    ['/foo', '/foobar'],
    ['/foo', '/fo'],
    ['/foo', '/Foo'],
    ['/foo', '/foo%2Fbar'],
    ['/foo/bar', '/foo'],
    ['/foo', '/bar/foo'],
    ['/foo', '/foo0'],
    ['/*', '/a'],
  ])('%s does not cover %s', (prefix, topic) => {
    expect(covers(parseTopic(prefix), parseTopic(topic))).toBe(false);
  });
});

test('a topic and those above it come deepest first', () => {
  expect([...selfAndAncestors(parseTopic('/a/b%2Fc/d'))]).toEqual(['/a/b%2Fc/d', '/a/b%2Fc', '/a', '/']);
  expect([...selfAndAncestors(ROOT_TOPIC)]).toEqual(['/']);
});

// What a hook has noted, read back.
import { expect, test } from 'vitest';
import { parseSpooledPush } from '../../src/hook/spooled-push.ts';

const LINE = `${'a'.repeat(40)} ${'b'.repeat(40)} refs/heads/main\n`;

function parse(record: string): ReturnType<typeof parseSpooledPush> {
  return parseSpooledPush(Buffer.from(record, 'latin1'));
}

test('fields come before the refs; unknown ones are passed over', () => {
  const push = parse(`pusher=petra\0url=\0option=a=b\0future=x\0option=\0${LINE}`);
  expect(push).toMatchObject({
    pusher: { text: 'petra' },
    url: '',
    options: [{ text: 'a=b' }, { text: '' }],
  });
  expect(push.updates.map(({ refBytes }) => refBytes)).toEqual(['refs/heads/main']);
});

test('a field that looks like a ref is none', () => {
  expect(parse(`option=x\n${LINE}\0${LINE}`).updates).toHaveLength(1);
});

test('nobody is nobody', () => {
  expect(parse(`pusher=\0${LINE}`).pusher).toBeUndefined();
  expect(parse(LINE).pusher).toBeUndefined();
});

test('bytes that are not UTF-8 are kept', () => {
  expect(parse(`pusher=p\xfc\0${LINE}`).pusher).toEqual({ text: 'p\ufffd', raw: 'cPw=' });
});

test('a pusher who is too long is cut', () => {
  expect(parse(`pusher=${'x'.repeat(9_999)}\0${LINE}`).pusher?.text).toHaveLength(512);
});

test.each(['a b c\n', `pusher=x\0${LINE}more`])('what is no push is told: %j', (record) => {
  expect(() => parse(record)).toThrow('is no "<old> <new> <ref>"');
});

const MARKED = `pusher=petra\0url=\0namespace=\0option=x\0${LINE}${LINE.replace('main', 'x')}\0`;

test('of a record that says where it ends no other length is a push', () => {
  expect(parse(MARKED).updates).toHaveLength(2);
  const lengths = Array.from({ length: MARKED.length }, (_, length) => length);
  for (const length of lengths) expect(() => parse(MARKED.slice(0, length))).toThrow(Error);
});

test('a record whose end is zeros is no push, wherever they begin', () => {
  const lengths = Array.from({ length: MARKED.length - 1 }, (_, length) => length);
  for (const length of lengths)
    expect(() => parse(MARKED.slice(0, length).padEnd(MARKED.length, '\0'))).toThrow(Error);
});

test.each([
  ['team', 'refs/namespaces/team/refs/heads/main'],
  ['a/b', 'refs/namespaces/a/refs/namespaces/b/refs/heads/main'],
  ['gr\xfc\xdfe', 'refs/namespaces/gr\xfc\xdfe/refs/heads/main'],
])('the refs of the namespace %j have their full names', (namespace, ref) => {
  expect(parse(`namespace=${namespace}\0${LINE}\0`).updates.map(({ refBytes }) => refBytes)).toEqual([ref]);
});

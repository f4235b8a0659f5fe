import { expect, test } from 'vitest';
import { parseRefUpdates } from '../../src/hook/ref-update.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);

test('lines are parsed in order, whether or not the last one ends', () => {
  const updates = parseRefUpdates(Buffer.from(`${A} ${B} refs/heads/x y\n${B} ${A} refs/tags/t`));
  expect(updates).toEqual([
    { before: A, after: B, ref: { text: 'refs/heads/x y' }, refBytes: 'refs/heads/x y', type: 'branch' },
    { before: B, after: A, ref: { text: 'refs/tags/t' }, refBytes: 'refs/tags/t', type: 'tag' },
  ]);
});

test('no input is no update', () => {
  expect(parseRefUpdates(Buffer.alloc(0))).toEqual([]);
});

test('a name that is not UTF-8 keeps its exact bytes', () => {
  const name = Buffer.from('refs/heads/\xff', 'latin1');
  const [update] = parseRefUpdates(Buffer.concat([Buffer.from(`${A} ${B} `), name]));
  expect(update?.ref).toEqual({ text: 'refs/heads/\ufffd', raw: name.toString('base64') });
});

test.each([`${A} ${B}`, `${A} ${B} main`, `abc ${B} refs/heads/x`, `refs/heads/x ${A} ${B}`, 'nonsense'])(
  'a line of another form is refused: %s',
  (line) => {
    expect(() => parseRefUpdates(Buffer.from(line))).toThrow('is no "<old> <new> <ref>"');
  },
);

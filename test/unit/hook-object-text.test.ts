import { expect, test } from 'vitest';
import { formatDate, parseIdentity, parseObjectText } from '../../src/hook/object-text.ts';

test.each([
  [1700000000, '+0000', '2023-11-14T22:13:20+00:00'],
  [1700000000, '+0530', '2023-11-15T03:43:20+05:30'],
  [1700000000, '-0330', '2023-11-14T18:43:20-03:30'],
  [0, '+0000', '1970-01-01T00:00:00+00:00'],
  [1700000000, '+9999', '2023-11-14T22:13:20+00:00'],
  [1700000000, '', '2023-11-14T22:13:20+00:00'],
  [Number.NaN, '+0100', '1970-01-01T00:00:00+00:00'],
  [1e20, '+0100', '1970-01-01T00:00:00+00:00'],
])('%d %s is %s', (seconds, offset, date) => {
  expect(formatDate(seconds, offset)).toBe(date);
});

test.each([
  ['A B <a@b> 0 +0000', 'A B', 'a@b'],
  ['A <B> <a@b> 0 +0000', 'A', 'B'],
  ['<a@b> 0 +0000', '', 'a@b'],
  ['nobody', 'nobody', ''],
  ['', '', ''],
])('the identity %j is %j with the address %j', (line, name, email) => {
  expect(parseIdentity(line)).toMatchObject({ name: { text: name }, email: { text: email } });
});

test('a name that ends in a byte 0xA0 of a character keeps it', () => {
  const line = Buffer.from('Voilà <v@example.org> 0 +0000').toString('latin1');
  expect(parseIdentity(line).name).toEqual({ text: 'Voilà' });
});

test('a name of many kilobytes is cut between characters', () => {
  const line = Buffer.from(`${'ä'.repeat(5_000)}x <v@example.org> 0 +0000`).toString('latin1');
  expect(parseIdentity(line).name).toEqual({ text: 'ä'.repeat(256) });
});

test('an object without a message has an empty one', () => {
  expect(parseObjectText(Buffer.from('tree x\n')).message).toEqual(Buffer.alloc(0));
});

test('a header of several lines is its first line', () => {
  const { headers } = parseObjectText(Buffer.from('tree x\nmergetag object y\n type commit\nparent z\n\nm'));
  expect([...headers]).toEqual([
    ['tree', ['x']],
    ['mergetag', ['object y']],
    ['parent', ['z']],
  ]);
});

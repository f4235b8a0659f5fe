import { expect, test } from 'vitest';
import { toOneLine, toPrintable } from '../../src/core/printable.ts';

test.each(['', 'plain', '{"a": "Größe 日本 😀"}', 'a\\nb'])('%j can be printed as it is', (text) => {
  expect(toPrintable(text)).toBe(text);
});

test.each([
  ['an escape sequence', '\u001b[31mred', '\\u001b[31mred'],
  ['an 8-bit escape sequence', '\u009b31mred', '\\u009b31mred'],
  ['delete', 'a\u007f', 'a\\u007f'],
  ['line ends', 'a\r\nb\u0085\u2028\u2029', 'a\\u000d\\u000ab\\u0085\\u2028\\u2029'],
  ['a change of direction', '\u202egpj.exe', '\\u202egpj.exe'],
  ['an invisible character beyond 16 bits', '\u{e0001}', '\\udb40\\udc01'],
])('%s is escaped', (_what, text, printable) => {
  expect(toPrintable(text)).toBe(printable);
});

test('a message of several lines becomes one line', () => {
  expect(toOneLine('wrong version:\r\nssl/record.c:354:\n')).toBe('wrong version: ssl/record.c:354:');
  expect(toOneLine('\u001b[31mred')).toBe('\\u001b[31mred');
});

test('a JSON text is still the same value', () => {
  const value = { topic: '/\u009b31m\u202e', key: '\u007f\u0000\u{e0001}' };
  expect(JSON.parse(toPrintable(JSON.stringify(value)))).toEqual(value);
});

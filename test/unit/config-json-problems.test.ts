import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findDuplicateMembers, findJsonError } from '../../src/config/json-problems.ts';

/** What exhausts the stack of a pattern for whole strings. */
const long = 'a\\n'.repeat(3_000_000);

describe('the place where a text stops being JSON', () => {
  test.each([
    ['the end of a text that is too short', '{"a": 1', 1, 8],
    ['the first character of an empty text', '', 1, 1],
    ['a comma too many in an object', '{"a": 1,}', 1, 9],
    ['a comma too many in an array', '[1,]', 1, 4],
    ['a misspelt word', '{\n "a": tru\n}', 2, 10],
    ['a comment', '{\n  // port\n}', 2, 3],
    ['a single quote', "{'a': 1}", 1, 2],
    ['a name without quotes', '{\n\n  a: 1}', 3, 3],
    ['a line feed in a string', '{"a": "x\ny"}', 1, 9],
    ['an unknown escape', '{"a": "\\x"}', 1, 9],
    ['a leading zero', '{"a": 01}', 1, 8],
    ['text after the value', '{"a": 1} x', 1, 10],
  ])('is %s', (_what, text, line, column) => {
    expect(findJsonError(text)).toEqual({ line, column });
  });

  test('is where a wrong character was put in', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), (json, seed) => {
        const index = seed % (json.length + 1);
        const text = `${json.slice(0, index)}\u0001`;
        expect(findJsonError(text)).toEqual({ line: 1, column: index + 1 });
      }),
    );
  });
});

describe('the members that stand twice', () => {
  test.each([
    ['none', '{"a": 1, "b": 2}', []],
    ['a member', '{"a": 1, "a": 1}', [{ name: 'a', line: 1 }]],
    [
      'a member at each further place',
      '{"a": 1,\n\n"a": 1,\n"a":\n1}',
      [
        { name: 'a', line: 3 },
        { name: 'a', line: 4 },
      ],
    ],
    ['a member that is escaped once', '{"a": 1, "\\u0061": 1}', [{ name: 'a', line: 1 }]],
    ['one of an inner object', '{"a": {"b": 1,\n"b": 1}, "c": 1}', [{ name: 'b', line: 2 }]],
    ['none where two objects have it', '{"a": [{"b": 1}, {"b": 1}], "b": {"a": 1}}', []],
    ['none of a value', '{"a": "b", "b": "b"}', []],
    ['none of text that looks like a member', '{"a": "\\"b\\": 1", "b": "}"}', []],
    ['a member after an array', '{"a": [{}, "a"], "a" : 1}', [{ name: 'a', line: 1 }]],
    ['a member after a very long text', `{"a": "${long}", "a": 1}`, [{ name: 'a', line: 1 }]],
  ])('are %s', (_what, json, duplicates) => {
    expect(findDuplicateMembers(json)).toEqual(duplicates);
  });
});

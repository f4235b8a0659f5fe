import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { GitPubSubError } from '../../src/core/errors.ts';
import { dictionary, listOf, parsed, record, says } from '../../src/config/shapes.ts';

const upper = parsed((text) => (/^[A-Z]+$/.test(text) ? text.toLowerCase() : undefined), 'capital letters');

function messagesOf(shape: z.ZodType, value: unknown): string[] {
  return shape.safeParse(value).error?.issues.map(({ path, message }) => [...path, message].join(' ')) ?? [];
}

describe('parsed text', () => {
  test('is what the parser makes of it', () => {
    expect(upper.parse('AB')).toBe('ab');
  });

  test.each([
    ['"ab"', 'ab'],
    ['5', 5],
    ['null', null],
    ['A list', ['AB']],
    ['An object', { a: 'AB' }],
  ])('refuses %s', (quoted, value) => {
    expect(messagesOf(upper, value)).toEqual([`${quoted} is not allowed; allowed is capital letters.`]);
  });

  test('refuses what is nested deeper than the stack', () => {
    const value: unknown = JSON.parse('['.repeat(20_000) + ']'.repeat(20_000));
    expect(messagesOf(upper, value)).toEqual(['A list is not allowed; allowed is capital letters.']);
  });

  test('is missing where there is nothing', () => {
    expect(messagesOf(upper, undefined)).toEqual(['is missing; it must be capital letters.']);
  });

  test('is refused in the words of a parser that has some', () => {
    const strict = parsed((): string => {
      throw new GitPubSubError('invalid-topic', 'Not this one.');
    }, 'another');
    expect(messagesOf(strict, 'x')).toEqual(['Not this one.']);
  });

  test('hides no mistake of a parser', () => {
    const broken = parsed((): string => {
      throw new TypeError('a mistake');
    }, 'anything');
    expect(() => broken.safeParse('x')).toThrow(TypeError);
  });
});

describe('a record', () => {
  const shape = record({ one: upper, more: listOf(upper, 'words').default([]) });

  test('has these members', () => {
    expect(shape.parse({ one: 'A', more: ['B'] })).toEqual({ one: 'a', more: ['b'] });
  });

  test('tells all that is wrong with it, each with its place', () => {
    expect(messagesOf(shape, { more: ['B', 'c', 5], noe: 1, other: 2 })).toEqual([
      'one is missing; it must be capital letters.',
      'more 1 "c" is not allowed; allowed is capital letters.',
      'more 2 5 is not allowed; allowed is capital letters.',
      '"noe" is no member; did you mean one?\n"other" is no member; there are one, more.',
    ]);
  });

  test.each([
    [null, 'null'],
    [[], 'A list'],
    ['x', '"x"'],
  ])('is not %j', (value, quoted) => {
    expect(messagesOf(shape, value)).toEqual([
      `${quoted} is not allowed; allowed is an object with one, more.`,
    ]);
  });
});

describe('a dictionary', () => {
  const shape = dictionary(upper, /^[a-z]$/, 'one letter');

  test('has members of any name that fits', () => {
    expect(shape.parse({ a: 'A', b: 'B' })).toEqual({ a: 'a', b: 'b' });
  });

  test.each(['ab', '', '__proto__', 'constructor'])('refuses the name %j', (name) => {
    expect(messagesOf(shape, JSON.parse(`{${JSON.stringify(name)}:"A"}`))).toEqual([
      expect.stringMatching(new RegExp(`"${name}" is not allowed; allowed is one letter\\.$`)),
    ]);
  });

  test.each([
    [null, 'null'],
    [[], 'A list'],
    ['x', '"x"'],
  ])('is not %j', (value, quoted) => {
    expect(messagesOf(shape, value)).toEqual([`${quoted} is not allowed; allowed is an object.`]);
  });
});

test('what may be secret is not quoted', () => {
  expect(says('a list', { isSecret: true })({ input: 'hush' })).toBe('is not allowed; allowed is a list.');
  expect(messagesOf(listOf(upper, 'words', { isSecret: true }), 'hush')).toEqual([
    'is not allowed; allowed is a list of words.',
  ]);
});

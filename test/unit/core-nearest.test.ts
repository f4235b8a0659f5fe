import { expect, test } from 'vitest';
import { nearest } from '../../src/core/nearest.ts';

const KEYS = ['since', 'cursor', 'lastEventId', 'format'];

test.each([
  ['sicne', 'since'],
  ['Since', 'since'],
  ['curser', 'cursor'],
  ['CURSOR', 'cursor'],
  ['last_event_id', 'lastEventId'],
  ['lasteventid', 'lastEventId'],
  ['fromat', 'format'],
])('%s was meant to be %s', (word, meant) => {
  expect(nearest(word, KEYS)).toBe(meant);
});

test.each(['xyz', 'somethingElseEntirely', ''])('nothing is near %j', (word) => {
  expect(nearest(word, KEYS)).toBeUndefined();
});

test('of two equally near ones the first is taken', () => {
  expect(nearest('port', ['sort', 'fort'])).toBe('sort');
  expect(nearest('a', [])).toBeUndefined();
});

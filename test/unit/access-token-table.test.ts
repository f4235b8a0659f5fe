import { describe, expect, test } from 'vitest';
import { createToken, hashToken } from '../../src/access/token.ts';
import { TokenTable } from '../../src/access/token-table.ts';
import { readSampleRules } from '../support/sample-access.ts';

const EXPIRES_MS = Date.parse('2027-02-01T00:00:00Z');

const table = new TokenTable(
  readSampleRules({
    principals: {
      ci: { tokens: [{ token: 'new' }, { token: 'old', expires: '2027-01-31' }] },
      reader: { tokens: [{ token: 'another' }] },
      nobody: { tokens: [] },
    },
  }).principals,
);

describe('a new token', () => {
  test('is recognised by people and is 32 random bytes', () => {
    expect(createToken()).toMatch(/^gitpubsub_[\w-]{43}$/);
  });

  test('is another one each time', () => {
    expect(createToken()).not.toBe(createToken());
  });

  test('has the hash that sha256sum gives', () => {
    expect(hashToken('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

describe('a token', () => {
  test.each([
    ['new', 'ci'],
    ['old', 'ci'],
    ['another', 'reader'],
  ])('%s is of %s', (token, name) => {
    expect(table.find(token, 0)?.principal.name).toBe(name);
  });

  test.each(['', 'New', 'new ', 'ne', 'neww', hashToken('new')])('%j is of nobody', (token) => {
    expect(table.find(token, 0)).toBeUndefined();
  });

  test('with an expiry is right up to that moment', () => {
    expect(table.find('old', EXPIRES_MS - 1)).toBeDefined();
    expect(table.find('old', EXPIRES_MS)).toBeUndefined();
    expect(table.find('new', EXPIRES_MS)).toBeDefined();
  });

  test('that was shown before is found by its hash, as long as it is right', () => {
    expect(table.findHash(hashToken('old'), EXPIRES_MS - 1)?.principal.name).toBe('ci');
    expect(table.findHash(hashToken('old'), EXPIRES_MS)).toBeUndefined();
    expect(table.findHash('old', 0)).toBeUndefined();
  });

  test.each([
    ['before', 0, EXPIRES_MS - 1, false],
    ['up to', 0, EXPIRES_MS, true],
    ['from', EXPIRES_MS - 1, EXPIRES_MS + 1, true],
    ['after', EXPIRES_MS, EXPIRES_MS + 1, false],
  ])('expires once: a look %s its moment says so', (_when, afterMs, upToMs, isExpected) => {
    expect(table.hasExpiredBetween(afterMs, upToMs)).toBe(isExpected);
  });
});

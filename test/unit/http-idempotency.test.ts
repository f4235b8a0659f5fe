import { describe, expect, test } from 'vitest';
import { parseTopic } from '../../src/core/topic.ts';
import { identify, readIdempotencyKey } from '../../src/http/idempotency.ts';
import { createRequestHead } from '../support/fake-http.ts';

const BY_ADDRESS = { principal: undefined };

function readKey(...keys: string[]): string | undefined {
  return readIdempotencyKey(
    createRequestHead({ headers: keys.map((key) => ['idempotency-key', key] as const) }),
  );
}

function fingerprintOf(path: string, ...payloads: string[]): string {
  return identify(BY_ADDRESS, 'k', parseTopic(path), payloads).fingerprint;
}

describe('an idempotency key', () => {
  test.each(['a', '"8e03978e"', '!~', 'x'.repeat(255)])('may be %s', (key) => {
    expect(readKey(key)).toBe(key);
  });

  test('may be left out', () => {
    expect(readKey()).toBeUndefined();
  });

  test.each([[['']], [['a b']], [['\u00e4']], [['a\t']], [['x'.repeat(256)]], [['a', 'a']], [['a', 'b']]])(
    'may not be %j',
    (keys) => {
      expect(() => readKey(...keys)).toThrow(expect.objectContaining({ code: 'invalid-idempotency-key' }));
    },
  );
});

describe('what is stored under a key', () => {
  test('is the same for the same topic and payloads', () => {
    expect(fingerprintOf('/a/', '1', '2')).toBe(fingerprintOf('/a', '1', '2'));
  });

  test.each([
    ['another topic', '/b', ['1', '2']],
    ['another payload', '/a', ['1', '3']],
    ['another order', '/a', ['2', '1']],
    ['one more', '/a', ['1', '2', '2']],
    ['one less', '/a', ['1']],
    ['both in one', '/a', ['12']],
  ])('differs for %s', (_what, path, payloads) => {
    expect(fingerprintOf(path, ...payloads)).not.toBe(fingerprintOf('/a', '1', '2'));
  });

  test('carries the key', () => {
    expect(identify(BY_ADDRESS, 'k', parseTopic('/a'), ['1']).key).toBe('k');
  });

  test('carries whose it is: a principal never shares one with others', () => {
    const owners = [BY_ADDRESS, { principal: 'ci' }, { principal: 'trusted-peers' }].map(
      (caller) => identify(caller, 'k', parseTopic('/a'), ['1']).principal,
    );
    expect(new Set(owners).size).toBe(3);
  });
});

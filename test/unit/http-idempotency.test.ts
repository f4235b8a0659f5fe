import { describe, expect, test } from 'vitest';
import type { NewEvent } from '../../src/core/event.ts';
import { parseTopic, ROOT_TOPIC } from '../../src/core/topic.ts';
import { identify, identifyDelivery, keyOwner, readIdempotencyKey } from '../../src/http/idempotency.ts';
import { createRequestHead } from '../support/fake-http.ts';

function toEvents(path: string, payloads: readonly string[]): NewEvent[] {
  return payloads.map((payload) => ({ topic: parseTopic(path), payload }));
}

function readKey(...keys: string[]): string | undefined {
  return readIdempotencyKey(
    createRequestHead({ headers: keys.map((key) => ['idempotency-key', key] as const) }),
  );
}

function fingerprintOf(path: string, ...payloads: string[]): string {
  return identify('o', 'k', toEvents(path, payloads)).fingerprint;
}

/** Whose keys those of an address are that may publish there, when it publishes to a topic. */
function ownerAt(topic: string, ...publish: string[]): string {
  const rights = { publish: publish.map(parseTopic), subscribe: [], statistics: false };
  return keyOwner({ principal: undefined, rights }, parseTopic(topic));
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

test('a delivery of a webhook is recognised by its body, byte by byte', () => {
  const fingerprints = ['{}', '{}', '{ }'].map(
    (body) => identifyDelivery('o', 'k', Buffer.from(body)).fingerprint,
  );
  expect(fingerprints[1]).toBe(fingerprints[0]);
  expect(fingerprints[2]).not.toBe(fingerprints[0]);
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

  test('differs for the same payloads in another split over topics', () => {
    const [one, two, three] = toEvents('/a', ['1', '2', '3']);
    const moved = { topic: parseTopic('/b'), payload: '2' };
    if (!one || !two || !three) throw new TypeError('three events');
    const lists = [
      [one, two, three],
      [one, moved, three],
      [one, two],
      [one, moved],
    ];
    expect(new Set(lists.map((events) => identify('o', 'k', events).fingerprint)).size).toBe(4);
  });

  test('carries the key and whose it is', () => {
    expect(identify('o', 'k', toEvents('/a', ['1']))).toMatchObject({ key: 'k', principal: 'o' });
  });

  test('belongs to nobody else: a principal never shares one with those who are trusted by address', () => {
    const rights = { publish: [ROOT_TOPIC], subscribe: [], statistics: true };
    const owners = [undefined, 'ci', 'trusted-peers'].map((principal) =>
      keyOwner({ principal, rights }, ROOT_TOPIC),
    );
    expect(new Set(owners).size).toBe(3);
  });

  test('belongs to all addresses that may publish everywhere, whatever the topic', () => {
    expect(ownerAt('/a', '/')).toBe(ownerAt('/b', '/b', '/'));
  });

  test('belongs, in a corner, to the addresses that may publish to its topic, also when the corner grows', () => {
    expect(ownerAt('/a/x', '/a')).toBe(ownerAt('/a/x', '/a', '/b'));
    expect(ownerAt('/a/x', '/a')).toBe(ownerAt('/a/x', '/a/x'));
  });

  test('is not met by who publishes elsewhere', () => {
    const owners = [ownerAt('/a', '/'), ownerAt('/a', '/a'), ownerAt('/b', '/a', '/b')];
    expect(new Set(owners).size).toBe(3);
  });
});

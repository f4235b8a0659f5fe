// Which limits a caller has: by its principal, by what the access file says of its address, or as a stranger.
import { describe, expect, test } from 'vitest';
import { AccessPolicy } from '../../src/access/access-policy.ts';
import type { AccessRules, PeerRights } from '../../src/access/access-rules.ts';
import type { Limits } from '../../src/access/limits.ts';
import { parsePeerRange, parseProxyRange } from '../../src/access/peer-range.ts';
import { hashToken } from '../../src/access/token.ts';
import { ROOT_TOPIC } from '../../src/core/topic.ts';
import { FakeClock } from '../support/fake-clock.ts';

const STRANGERS = { streams: 7, burstSeconds: 0 };
const TIGHT = { streams: 3, publishesPerSecond: 2, burstSeconds: 5 };
const WIDE = { publishesPerSecond: 50, bytesPerSecond: 1_000, burstSeconds: 10 };

function entry(addresses: readonly string[], limits?: Limits): PeerRights {
  return {
    addresses: addresses.map(parseProxyRange),
    publish: [ROOT_TOPIC],
    subscribe: [],
    statistics: false,
    limits,
  };
}

function principal(name: string, token: string, limits?: Limits): AccessRules['principals'][number] {
  const tokens = [{ sha256: hashToken(token), expiresMs: undefined }];
  return { name, tokens, publish: [ROOT_TOPIC], subscribe: [], statistics: false, limits };
}

interface Asked {
  readonly address?: string;
  readonly token?: string;
  readonly forwardedFor?: readonly string[];
}

function limitsOf(
  { address = '192.0.2.1', token, forwardedFor = [] }: Asked,
  peers: readonly PeerRights[] = [],
) {
  const policy = new AccessPolicy(
    {
      trustedPeers: [parsePeerRange('10.0.0.0/8')],
      trustedProxies: [parseProxyRange('10.1.1.1')],
      maxPeerStreams: STRANGERS.streams,
      access: {
        privates: [],
        peers,
        webhooks: new Map(),
        principals: [principal('ci', 'limited', TIGHT), principal('bob', 'free')],
      },
    },
    new FakeClock(),
  );
  return policy.identify({
    peer: { address, forwardedFor, hasProxyHeader: forwardedFor.length > 0 },
    credentials: { authorization: token === undefined ? [] : [`Bearer ${token}`], cookie: [] },
    foreignOrigin: undefined,
  }).limits;
}

describe('the limits of', () => {
  test('a trusted peer are none', () => {
    expect(limitsOf({ address: '10.0.0.1' })).toBeUndefined();
  });

  test('a stranger are the streams of one', () => {
    expect(limitsOf({})).toEqual(STRANGERS);
  });

  test('a client behind a trusted proxy are its own', () => {
    expect(limitsOf({ address: '10.1.1.1', forwardedFor: ['192.0.2.1'] })).toEqual(STRANGERS);
    expect(limitsOf({ address: '10.1.1.1', forwardedFor: ['10.0.0.1'] })).toBeUndefined();
    expect(limitsOf({ address: '10.1.1.1', forwardedFor: ['nonsense'] })).toEqual(STRANGERS);
  });

  test('a trusted address that may be a proxy are those of a stranger', () => {
    expect(limitsOf({ address: '10.0.0.1', forwardedFor: ['10.0.0.2'] })).toEqual(STRANGERS);
  });

  test('a principal are its own, wherever it comes from', () => {
    for (const address of ['192.0.2.1', '10.0.0.1']) {
      expect(limitsOf({ address, token: 'limited' })).toBe(TIGHT);
      expect(limitsOf({ address, token: 'free' })).toBeUndefined();
    }
  });

  test('an address in the access file are those there, and the streams of a stranger where none are said', () => {
    const peers = [entry(['192.0.2.0/24'], WIDE), entry(['198.51.100.0/24'], TIGHT)];
    expect(limitsOf({ address: '192.0.2.1' }, peers)).toEqual({ ...WIDE, streams: STRANGERS.streams });
    expect(limitsOf({ address: '198.51.100.1' }, peers)).toEqual(TIGHT);
    expect(limitsOf({ address: '203.0.113.1' }, peers)).toEqual(STRANGERS);
  });

  test('a trusted address in the access file are only those there', () => {
    expect(limitsOf({ address: '10.0.0.1' }, [entry(['10.0.0.1'], WIDE)])).toEqual(WIDE);
    expect(limitsOf({ address: '10.0.0.1' }, [entry(['10.0.0.1'])])).toBeUndefined();
  });

  test('an address in the access file are those there also if it sends a header of proxies', () => {
    const peers = [entry(['192.0.2.0/24'], TIGHT), entry(['10.0.0.2'], WIDE)];
    expect(limitsOf({ address: '192.0.2.1', forwardedFor: ['203.0.113.1'] }, peers)).toEqual(TIGHT);
    expect(limitsOf({ address: '10.0.0.2', forwardedFor: ['10.0.0.3'] }, peers)).toEqual({
      ...WIDE,
      streams: STRANGERS.streams,
    });
  });

  test('an address that several entries cover are the lowest', () => {
    const peers = [entry(['192.0.2.1'], WIDE), entry(['192.0.2.0/24'], TIGHT), entry(['0.0.0.0/0'])];
    expect(limitsOf({}, peers)).toEqual({
      streams: 3,
      publishesPerSecond: 2,
      bytesPerSecond: 1_000,
      burstSeconds: 5,
    });
  });
});

import { describe, expect, test } from 'vitest';
import { PeerPolicy } from '../../src/access/peer-policy.ts';
import type { PeerDecision, PeerFacts } from '../../src/access/peer-policy.ts';
import { parsePeerRange, parseProxyRange } from '../../src/access/peer-range.ts';

interface Rules {
  readonly peers?: readonly string[];
  readonly proxies?: readonly string[];
}

function decide(facts: Partial<PeerFacts> & Pick<PeerFacts, 'address'>, rules: Rules = {}): PeerDecision {
  const policy = new PeerPolicy({
    trustedPeers: (rules.peers ?? ['127.0.0.1', '::1']).map(parsePeerRange),
    trustedProxies: (rules.proxies ?? []).map(parseProxyRange),
  });
  return policy.decide({ forwardedFor: [], hasProxyHeader: (facts.forwardedFor ?? []).length > 0, ...facts });
}

function reasonOf(decision: PeerDecision): string | undefined {
  return decision.isTrusted ? undefined : decision.reason;
}

describe('[P5] a peer without headers of proxies', () => {
  test.each([
    ['127.0.0.1', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['0000:0000:0000:0000:0000:ffff:7f00:0001', true],
    ['0000:0000:0000:0000:0000:0000:0000:0001', true],
    ['127.0.0.2', false],
    ['192.0.2.1', false],
    ['::', false],
    ['::7f00:1', false],
    ['2001:db8::1', false],
  ])('%s is trusted by default: %s', (address, isTrusted) => {
    expect(decide({ address }).isTrusted).toBe(isTrusted);
  });

  test('is told by its address in the one spelling', () => {
    expect(decide({ address: '0000:0000:0000:0000:0000:ffff:c000:0201' }).client).toBe('192.0.2.1');
  });

  test.each([
    ['4 bytes', Uint8Array.of(127, 0, 0, 1)],
    ['16 mapped bytes', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1)],
  ])('may be given as %s', (_what, address) => {
    expect(decide({ address })).toEqual({ isTrusted: true, isCertain: true, client: '127.0.0.1' });
  });

  test.each([
    ['the empty text', ''],
    ['no address', 'localhost'],
    ['a short form', '127.1'],
    ['no bytes', new Uint8Array()],
    ['five bytes', Uint8Array.of(127, 0, 0, 1, 0)],
  ])('that has %s for an address is unknown and not trusted, even if everybody is', (_what, address) => {
    const decision = decide({ address }, { peers: ['0.0.0.0/0', '::/0'], proxies: ['0.0.0.0/0', 'unix'] });
    expect(decision).toMatchObject({ isTrusted: false, client: 'unknown' });
  });

  test('is trusted when a configured range covers it', () => {
    expect(decide({ address: '192.0.2.77' }, { peers: ['192.0.2.*'] }).isTrusted).toBe(true);
  });

  test('is not trusted when the list is empty, loopback included', () => {
    expect(decide({ address: '127.0.0.1' }, { peers: [] }).isTrusted).toBe(false);
  });

  test('learns who it is and who may publish when it is refused', () => {
    expect(reasonOf(decide({ address: '192.0.2.1' }))).toBe(
      '192.0.2.1 is not in trustedPeers; only the addresses listed there may publish and see statistics.',
    );
  });
});

describe('[P5] a peer that is no trusted proxy', () => {
  test('is not trusted for what it writes into X-Forwarded-For', () => {
    const decision = decide({ address: '192.0.2.1', forwardedFor: ['127.0.0.1'] });
    expect(decision).toMatchObject({ isTrusted: false, client: '192.0.2.1' });
  });

  test('but trusted is refused with any header of proxies', () => {
    expect(decide({ address: '127.0.0.1', hasProxyHeader: true }).isTrusted).toBe(false);
  });

  test('but trusted is refused with X-Forwarded-For, whatever it says', () => {
    expect(decide({ address: '127.0.0.1', forwardedFor: ['127.0.0.1'] }).isTrusted).toBe(false);
  });

  test('but trusted is refused with X-Forwarded-For even if the caller forgot the mark', () => {
    expect(decide({ address: '127.0.0.1', forwardedFor: [''], hasProxyHeader: false }).isTrusted).toBe(false);
  });

  test('but trusted learns that trustedProxies is the way', () => {
    expect(reasonOf(decide({ address: '127.0.0.1', hasProxyHeader: true }))).toBe(
      '127.0.0.1 has rights, but sent a header of proxies (Forwarded, X-Forwarded-For, X-Real-IP or Via) or the PROXY protocol, and to trust a proxy would be to trust everyone who reaches it. If it is a proxy, list 127.0.0.1 in trustedProxies; if not, leave the header out.',
    );
  });

  test('and not trusted hears nothing of proxies', () => {
    expect(reasonOf(decide({ address: '192.0.2.1', hasProxyHeader: true }))).not.toContain('trustedProxies');
  });
});

describe('[P5] a trusted proxy', () => {
  const rules: Rules = { peers: ['127.0.0.1', '198.51.100.0/24'], proxies: ['127.0.0.1', '10.0.0.0/8'] };

  test.each([
    ['a trusted client', ['198.51.100.5'], '198.51.100.5', true],
    ['a client that is not trusted', ['192.0.2.1'], '192.0.2.1', false],
    ['a client that claims to be local', ['127.0.0.1, 192.0.2.1'], '192.0.2.1', false],
    ['a client that claims to be local in a line of its own', ['127.0.0.1', '192.0.2.1'], '192.0.2.1', false],
    ['a client behind another proxy', ['198.51.100.5, 10.0.0.9'], '198.51.100.5', true],
    ['a client on its own machine', ['127.0.0.1'], '127.0.0.1', true],
    ['a client that is a proxy and not trusted', ['10.0.0.8, 10.0.0.9'], '10.0.0.8', false],
    ['nobody', [''], 'unknown', false],
    ['nonsense', ['198.51.100.5, unknown'], 'unknown', false],
    ['nonsense before a proxy', ['unix, 10.0.0.9'], 'unknown', false],
  ])('that names %s speaks for it', (_what, forwardedFor, client, isTrusted) => {
    expect(decide({ address: '127.0.0.1', forwardedFor }, rules)).toMatchObject({ client, isTrusted });
  });

  test('that sends another header of proxies only has an unknown client', () => {
    const decision = decide({ address: '127.0.0.1', hasProxyHeader: true }, rules);
    expect(decision).toMatchObject({ isTrusted: false, client: 'unknown' });
  });

  test('that sends no header of proxies is the client itself', () => {
    expect(decide({ address: '127.0.0.1' }, rules)).toEqual({
      isTrusted: true,
      isCertain: true,
      client: '127.0.0.1',
    });
  });

  test('that is no trusted peer may not publish itself', () => {
    expect(decide({ address: '10.0.0.1' }, rules)).toMatchObject({ isTrusted: false, client: '10.0.0.1' });
  });

  test('that leaves the client unknown learns what it must send', () => {
    expect(reasonOf(decide({ address: '127.0.0.1', hasProxyHeader: true }, rules))).toBe(
      'The trusted proxy 127.0.0.1 must name its client as an address at the end of X-Forwarded-For, but sent none.',
    );
  });

  test('that sends nonsense learns what it sent', () => {
    expect(reasonOf(decide({ address: '127.0.0.1', forwardedFor: ['a"b'] }, rules))).toContain(
      'but sent "a\\"b".',
    );
  });

  test('that sends much nonsense makes no long reason', () => {
    const decision = decide({ address: '127.0.0.1', forwardedFor: ['x'.repeat(10_000)] }, rules);
    expect(reasonOf(decision)?.length).toBeLessThan(400);
  });
});

describe('[P5] a peer on the Unix domain socket', () => {
  test('is trusted without being listed', () => {
    expect(decide({ address: 'unix' }, { peers: [] })).toEqual({
      isTrusted: true,
      isCertain: true,
      client: 'unix',
    });
  });

  test('is refused with a header of proxies', () => {
    expect(reasonOf(decide({ address: 'unix', hasProxyHeader: true }))).toContain(
      'list unix in trustedProxies',
    );
  });

  test('speaks for its client once unix is a trusted proxy', () => {
    const decision = decide({ address: 'unix', forwardedFor: ['192.0.2.1'] }, { proxies: ['unix'] });
    expect(decision).toMatchObject({ isTrusted: false, client: '192.0.2.1' });
  });

  test('is no trusted proxy because an address is', () => {
    const decision = decide(
      { address: 'unix', forwardedFor: ['127.0.0.1'] },
      { proxies: ['0.0.0.0/0', '::/0'] },
    );
    expect(decision.isTrusted).toBe(false);
  });

  test('makes no address a trusted proxy', () => {
    const decision = decide({ address: '192.0.2.1', forwardedFor: ['127.0.0.1'] }, { proxies: ['unix'] });
    expect(decision).toMatchObject({ isTrusted: false, client: '192.0.2.1' });
  });
});

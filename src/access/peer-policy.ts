// Who the client of a request is, and whether it may publish and see statistics. Knows addresses and headers, no HTTP library. [P5]
import { formatAddress, parseAddress, unmapAddress } from './address.ts';
import type { PeerAddress } from './address.ts';
import { clientFromForwardedFor } from './forwarded-for.ts';
import { rangeCovers } from './peer-range.ts';
import type { PeerRange, ProxyRange } from './peer-range.ts';

/** What a request shows of its sender. */
export interface PeerFacts {
  /** The other end of the socket: its address as text or as 4 or 16 bytes, or `unix` for a Unix domain socket. */
  readonly address: string | Uint8Array;
  /** The values of all X-Forwarded-For lines, in order; none without such a line. */
  readonly forwardedFor: readonly string[];
  /** Whether there is any of the headers Forwarded, X-Forwarded-For, X-Real-IP and Via, or a preface of the PROXY protocol. */
  readonly hasProxyHeader: boolean;
}

/** Who the client is. */
export interface PeerId {
  /** The address in its one spelling, `unix` or `unknown`. */
  readonly client: string;
  /** Whether that is the client itself, and not perhaps a proxy that nobody listed. */
  readonly isCertain: boolean;
  /** The trusted proxy that named the client, in the same spelling. */
  readonly proxy?: string;
}

/** Who the client is and whether it is trusted. */
export type PeerDecision = TrustedPeer | UntrustedPeer;

/** A client that may publish and see statistics. */
interface TrustedPeer extends PeerId {
  readonly isTrusted: true;
}

/** A client that may only subscribe. */
interface UntrustedPeer extends PeerId {
  readonly isTrusted: false;
  /** Why, and what is allowed, in plain sentences for the answer and the log. */
  readonly reason: string;
}

type Peer = PeerAddress | 'unix';

/** Longest piece of a header in a reason; the rest says nothing more and the sender chose it. */
const MAX_QUOTED_CHARACTERS = 100;

/** The trust rules of one broker. [P5] */
export class PeerPolicy {
  readonly #peers: readonly PeerRange[];
  readonly #proxies: readonly PeerRange[];
  readonly #isUnixProxy: boolean;

  constructor(rules: { trustedPeers: readonly PeerRange[]; trustedProxies: readonly ProxyRange[] }) {
    this.#peers = rules.trustedPeers;
    this.#proxies = rules.trustedProxies.filter((range) => range !== 'unix');
    this.#isUnixProxy = rules.trustedProxies.includes('unix');
  }

  /** Decides about one request, from its facts alone. */
  decide(facts: PeerFacts): PeerDecision {
    const peer = readPeer(facts.address);
    if (!peer) return untrusted('unknown', 'The address of this peer is unknown, so it can not be trusted.');
    const hasProxyHeader = facts.hasProxyHeader || facts.forwardedFor.length > 0;
    if (!this.#isProxy(peer)) return this.#decideDirect(peer, hasProxyHeader);
    return hasProxyHeader ? this.#decideForwarded(peer, facts.forwardedFor) : this.#decideClient(peer);
  }

  /** Whether a client of an earlier decision is trusted still, and who it is by the rules of now. */
  decideAgain({ client, isCertain, proxy }: PeerId): PeerDecision {
    const peer = readPeer(client);
    const isProxyListed = proxy === undefined || this.#isListedProxy(proxy);
    if (peer && isCertain && isProxyListed) return { ...this.#decideClient(peer), ...(proxy && { proxy }) };
    return untrusted(client, explainUntrusted(client));
  }

  #decideDirect(peer: Peer, hasProxyHeader: boolean): PeerDecision {
    const decision = this.#decideClient(peer);
    if (!hasProxyHeader) return decision;
    const { client } = decision;
    return untrusted(client, decision.isTrusted ? explainProxyHeader(client) : decision.reason);
  }

  #decideForwarded(proxy: Peer, forwardedFor: readonly string[]): PeerDecision {
    const client = clientFromForwardedFor(forwardedFor, (address) => this.#isProxy(address));
    return client
      ? { ...this.#decideClient(client), proxy: format(proxy) }
      : untrusted('unknown', explainUnknown(format(proxy), forwardedFor));
  }

  #decideClient(peer: Peer): PeerDecision {
    const client = format(peer);
    return this.#isTrusted(peer)
      ? { isTrusted: true, client, isCertain: true }
      : { ...untrusted(client, explainUntrusted(client)), isCertain: true };
  }

  #isTrusted(peer: Peer): boolean {
    // Why: the mode of the socket file has decided already who may connect. [P5]
    return peer === 'unix' || this.#peers.some((range) => rangeCovers(range, peer));
  }

  #isListedProxy(text: string): boolean {
    const peer = readPeer(text);
    return peer !== undefined && this.#isProxy(peer);
  }

  #isProxy(peer: Peer): boolean {
    return peer === 'unix' ? this.#isUnixProxy : this.#proxies.some((range) => rangeCovers(range, peer));
  }
}

function readPeer(address: string | Uint8Array): Peer | undefined {
  if (address === 'unix') return address;
  if (typeof address === 'string') return parseAddress(address);
  return address.length === 4 || address.length === 16 ? unmapAddress(address) : undefined;
}

function format(peer: Peer): string {
  return peer === 'unix' ? peer : formatAddress(peer);
}

function untrusted(client: string, reason: string): UntrustedPeer {
  return { isTrusted: false, client, isCertain: false, reason };
}

// Why: the ranges themselves are not named, since this goes to those outside them.
function explainUntrusted(client: string): string {
  return `${client} is not in trustedPeers; only the addresses listed there may publish and see statistics.`;
}

/** Why who sends a header of proxies has none of the rights that its address has, and what to do. */
export function explainProxyHeader(client: string): string {
  return (
    `${client} has rights, but sent a header of proxies (Forwarded, X-Forwarded-For, X-Real-IP or Via) or the PROXY protocol, and to trust a proxy ` +
    `would be to trust everyone who reaches it. If it is a proxy, list ${client} in trustedProxies; if not, leave the header out.`
  );
}

function explainUnknown(proxy: string, forwardedFor: readonly string[]): string {
  const found = forwardedFor.length === 0 ? 'sent none' : `sent ${quoteEnd(forwardedFor.join(', '))}`;
  return (
    `The trusted proxy ${proxy} must name its client as an address at the end of X-Forwarded-For, ` +
    `but ${found}.`
  );
}

function quoteEnd(text: string): string {
  return JSON.stringify(text.slice(-MAX_QUOTED_CHARACTERS));
}

// Who the client of a request is, from its socket and headers. [P5]
import type { PeerDecision } from '../access/peer-policy.ts';
import { GitPubSubError } from '../core/errors.ts';
import type { HttpContext } from './context.ts';
import type { RequestHead } from './request-head.ts';
import type { SocketPeer } from './socket-peer.ts';

const PROXY_HEADERS: ReadonlySet<string> = new Set(['forwarded', 'x-forwarded-for', 'x-real-ip', 'via']);

/**
 * Decides about the client of a request; `peer` is the other end of its socket. A page of an origin that is not listed
 * is not trusted, whoever its visitor is.
 */
export function decideTrust(context: HttpContext, head: RequestHead, peer: SocketPeer): PeerDecision {
  const decision = context.peerPolicy.decide({
    address: peer.address,
    forwardedFor: head.all('x-forwarded-for'),
    hasProxyHeader: peer.isProxy || head.hasAny(PROXY_HEADERS),
  });
  const origin = head.all('origin').find((sent) => !context.corsOrigins.includes(sent));
  if (!decision.isTrusted || origin === undefined) return decision;
  const reason = `Pages of ${origin} may not publish or see statistics here; only those of the origins in corsOrigins may.`;
  return { isTrusted: false, client: decision.client, reason };
}

/** @throws GitPubSubError `publish-forbidden` when the client is not trusted */
export function requireTrust(context: HttpContext, head: RequestHead, peer: SocketPeer): void {
  const decision = decideTrust(context, head, peer);
  if (!decision.isTrusted) throw new GitPubSubError('publish-forbidden', decision.reason);
}

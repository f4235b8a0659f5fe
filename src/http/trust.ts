// Who the client of a request is, from its socket and headers. [P5]
import type { PeerDecision } from '../access/peer-policy.ts';
import { GitPubSubError } from '../core/errors.ts';
import type { HttpContext } from './context.ts';
import type { RequestHead } from './request-head.ts';

const PROXY_HEADERS: ReadonlySet<string> = new Set(['forwarded', 'x-forwarded-for', 'x-real-ip', 'via']);

/** Decides about the client of a request; `peer` is the other end of its socket. */
export function decideTrust(
  context: HttpContext,
  head: RequestHead,
  peer: string | Uint8Array,
): PeerDecision {
  return context.peerPolicy.decide({
    address: peer,
    forwardedFor: head.all('x-forwarded-for'),
    hasProxyHeader: head.hasAny(PROXY_HEADERS),
  });
}

/** @throws GitPubSubError `publish-forbidden` when it is not trusted */
export function requireTrust(context: HttpContext, head: RequestHead, peer: string | Uint8Array): void {
  const decision = decideTrust(context, head, peer);
  if (!decision.isTrusted) throw new GitPubSubError('publish-forbidden', decision.reason);
}

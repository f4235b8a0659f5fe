// Who the caller of a request is, and what is refused to it. [P5]
import type { AccessPolicy } from '../access/access-policy.ts';
import { mayPublish, type Caller, type CallerId } from '../access/caller.ts';
import { GitPubSubError, type ErrorCode } from '../core/errors.ts';
import type { Selection } from '../core/selection.ts';
import type { Topic } from '../core/topic.ts';
import type { HttpContext } from './context.ts';
import type { RequestHead } from './request-head.ts';
import type { SocketPeer } from './socket-peer.ts';

const PROXY_HEADERS: ReadonlySet<string> = new Set(['forwarded', 'x-forwarded-for', 'x-real-ip', 'via']);

/**
 * Finds out who sent a request; `peer` is the other end of its socket. A page of an origin that is not listed has no
 * right by its visitor's address. @throws GitPubSubError `unauthorized` for credentials that are wrong
 */
export function identifyCaller(context: HttpContext, head: RequestHead, peer: SocketPeer): Caller {
  const isReading = head.method === 'GET' || head.method === 'HEAD';
  return context.accessPolicy.identify({
    peer: {
      address: peer.address,
      forwardedFor: head.all('x-forwarded-for'),
      hasProxyHeader: peer.isProxy || head.hasAny(PROXY_HEADERS),
    },
    // Why not the cookie of others: a browser sends it along with whatever a page makes it send.
    credentials: {
      authorization: head.all('authorization'),
      cookie: isReading ? head.all('cookie') : [],
    },
    foreignOrigin: head.all('origin').find((sent) => !context.corsOrigins.includes(sent)),
  });
}

/** @throws GitPubSubError `publish-forbidden` or `unauthorized` when the caller may not publish there */
export function requirePublisher(context: HttpContext, caller: Caller, topic: Topic): void {
  if (mayPublish(caller, topic)) return;
  throw refuse(context, caller, {
    code: 'publish-forbidden',
    act: `publish to ${topic}; it may publish ${describeTopics(caller.rights.publish)}`,
    need: `Publishing to ${topic} needs a token.`,
  });
}

/** @throws GitPubSubError `read-forbidden` or `unauthorized` when one of the prefixes is hidden from the caller */
export function requireReader(context: HttpContext, caller: Caller, prefixes: readonly Topic[]): void {
  const hidden = prefixes.find((prefix) => caller.hidden.hides(prefix));
  if (hidden === undefined) return;
  throw refuse(context, caller, {
    code: 'read-forbidden',
    act: `read ${hidden}, which is private`,
    need: `${hidden} is private: reading it needs a token.`,
  });
}

/** @throws GitPubSubError `metrics-forbidden` or `unauthorized` when the caller may not see numbers */
export function requireWatcher(context: HttpContext, caller: Caller): void {
  if (caller.rights.statistics) return;
  throw refuse(context, caller, {
    code: 'metrics-forbidden',
    act: 'see metrics',
    need: 'Metrics are for those who may publish, or need a token.',
  });
}

/** Whether the reader of an open stream may still read all that it does. */
export function mayReadOn(policy: AccessPolicy, { prefixes, hidden }: Selection, id: CallerId): boolean {
  const caller = policy.identifyAgain(id);
  return caller !== undefined && !caller.hidden.within(prefixes)?.hidesMoreThan(hidden);
}

interface Refused {
  readonly code: ErrorCode;
  /** What the caller may not, to stand after "may not". */
  readonly act: string;
  /** What a token would be needed for, a sentence. */
  readonly need: string;
}

function refuse(context: HttpContext, caller: Caller, { code, act, need }: Refused): GitPubSubError {
  const { principal, addressRefusal, id } = caller;
  if (id.foreignOrigin !== undefined) return new GitPubSubError(code, addressRefusal ?? need);
  if (principal !== undefined) return new GitPubSubError(code, `The principal ${principal} may not ${act}.`);
  // Why only where there are tokens: otherwise who is refused is refused for its address. [P5]
  if (context.accessPolicy.takesTokens)
    return new GitPubSubError('unauthorized', [need, addressRefusal].filter(Boolean).join(' '));
  return new GitPubSubError(code, addressRefusal ?? `${id.client} may not ${act}.`);
}

function describeTopics(prefixes: readonly Topic[]): string {
  return prefixes.length === 0 ? 'nowhere' : `at and below ${prefixes.join(', ')}`;
}

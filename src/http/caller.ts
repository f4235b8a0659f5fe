// Who the caller of a request is, and what is refused to it. [P5, P28, P29]
import { wrongToken, type AccessPolicy } from '../access/access-policy.ts';
import { mayPublish, type Caller, type CallerId } from '../access/caller.ts';
import type { CredentialHeaders } from '../access/credentials.ts';
import type { PeerFacts } from '../access/peer-policy.ts';
import { GitPubSubError, type ErrorCode } from '../core/errors.ts';
import type { HiddenTopics } from '../core/hidden-topics.ts';
import { selectPrefixes, type Selection } from '../core/selection.ts';
import type { Topic } from '../core/topic.ts';
import type { HttpContext } from './context.ts';
import { isOfOtherPage, isOfOwnPage } from './own-page.ts';
import type { RequestHead } from './request-head.ts';
import type { SocketPeer } from './socket-peer.ts';

const PROXY_HEADERS: ReadonlySet<string> = new Set(['forwarded', 'x-forwarded-for', 'x-real-ip', 'via']);

/**
 * Finds out who sent a request; `peer` is the other end of its socket. A page of an origin that is not listed has no
 * right by its visitor's address. @throws GitPubSubError `unauthorized` for credentials that are wrong
 */
export function identifyCaller(context: HttpContext, head: RequestHead, peer: SocketPeer): Caller {
  return context.accessPolicy.identify({
    peer: readPeerFacts(head, peer),
    credentials: readCredentials(head),
    foreignOrigin: findForeignOrigin(context.corsOrigins, head),
  });
}

/** The headers of a request that may hold a token. */
export function readCredentials(head: RequestHead): CredentialHeaders {
  // Why not always the cookie: a browser sends it along with whatever a page makes it send.
  return {
    authorization: head.all('authorization'),
    cookie: isOfOwnPage(head) ? head.all('cookie') : [],
    isOfOtherPage: isOfOtherPage(head),
  };
}

function findForeignOrigin(corsOrigins: readonly string[], head: RequestHead): string | undefined {
  return head.all('origin').find((sent) => !corsOrigins.includes(sent));
}

/** The address of who sent a request, whatever else is wrong with it; in its one spelling, `unix` or `unknown`. */
export function findClient(policy: AccessPolicy, head: RequestHead, peer: SocketPeer): string {
  return policy.findClient(readPeerFacts(head, peer));
}

/** @throws GitPubSubError `publish-forbidden` or `unauthorized` when the caller may not publish there */
export function requirePublisher(context: HttpContext, caller: Caller, topic: Topic): void {
  if (mayPublish(caller, topic)) return;
  refuseForeignOrigin(caller, 'publish-forbidden');
  throw refuse(context, caller, {
    code: 'publish-forbidden',
    act: `publish to ${topic}; it may publish ${describeTopics(caller.rights.publish)}`,
    need: `Publishing to ${topic}`,
    reason: caller.addressRefusal,
  });
}

/** The same by the rules of the moment, for a caller that was identified before. */
export function requirePublisherStill(context: HttpContext, { id }: Caller, topic: Topic): void {
  const caller = context.accessPolicy.identifyAgain(id);
  if (!caller) throw wrongToken();
  requirePublisher(context, caller, topic);
}

/** @throws GitPubSubError `read-forbidden` or `unauthorized` when one of the prefixes is hidden from the caller */
export function requireReader(context: HttpContext, caller: Caller, prefixes: readonly Topic[]): void {
  const hidden = prefixes.find((prefix) => caller.hidden.hides(prefix));
  if (hidden === undefined) return;
  throw refuse(context, caller, {
    code: 'read-forbidden',
    act: `read ${hidden}, which is private`,
    need: `Reading ${hidden}, which is private,`,
    // Why not always: that an address is not in trustedPeers has nothing to do with what it may read.
    reason: caller.id.isCertain ? undefined : caller.addressRefusal,
  });
}

/** @throws GitPubSubError `metrics-forbidden` or `unauthorized` when the caller may not see numbers */
export function requireWatcher(context: HttpContext, caller: Caller): void {
  if (caller.rights.statistics) return;
  refuseForeignOrigin(caller, 'metrics-forbidden');
  throw refuse(context, caller, {
    code: 'metrics-forbidden',
    act: 'see metrics',
    need: 'Reading metrics',
    reason: caller.addressRefusal,
  });
}

/** Gives what the reader of an open stream reads from now on; `undefined` when it may not read all that it does. */
export type SelectAgain = (selection: Selection, id: CallerId) => Selection | undefined;

/** By the rules of the moment, for all streams one after the other. Of equal streams it looks at one. */
export function createSelectAgain(policy: AccessPolicy): SelectAgain {
  // Why: with many private topics one look takes a millisecond, and streams are many.
  const answers = new Map<HiddenTopics, Map<string, Selection | undefined>>();
  return (selection, id) => {
    const hidden = policy.identifyAgain(id)?.hidden;
    if (!hidden) return undefined;
    const known = answers.get(hidden) ?? new Map<string, Selection | undefined>();
    answers.set(hidden, known);
    if (!known.has(selection.key)) known.set(selection.key, narrowAgain(selection, hidden));
    return known.get(selection.key);
  };
}

function narrowAgain(
  { prefixes, filter, hidden: before }: Selection,
  hidden: HiddenTopics,
): Selection | undefined {
  if (hidden.within(prefixes)?.hidesMoreThan(before)) return undefined;
  return selectPrefixes(prefixes, { filter, hidden });
}

function readPeerFacts(head: RequestHead, peer: SocketPeer): PeerFacts {
  return {
    address: peer.address,
    forwardedFor: head.all('x-forwarded-for'),
    hasProxyHeader: peer.isProxy || head.hasAny(PROXY_HEADERS),
  };
}

interface Refused {
  readonly code: ErrorCode;
  /** What the caller may not, to stand after "may not". */
  readonly act: string;
  /** The same, to stand before "needs a token". */
  readonly need: string;
  /** Why its address does not give it the right, if there is more to say than that. */
  readonly reason: string | undefined;
}

function refuse(context: HttpContext, caller: Caller, { code, act, need, reason }: Refused): GitPubSubError {
  const { principal, id, addressRefusal } = caller;
  if (principal !== undefined) return new GitPubSubError(code, `The principal ${principal} may not ${act}.`);
  // Why only where there are tokens: otherwise who is refused is refused for its address. [P5]
  if (!context.accessPolicy.takesTokens)
    return new GitPubSubError(code, reason ?? `${id.client} may not ${act}.`);
  const sentence = `${need} needs a token; ${id.client} alone has no right to it.`;
  const more = id.isCertain ? undefined : addressRefusal;
  return new GitPubSubError('unauthorized', more === undefined ? sentence : `${sentence} ${more}`);
}

// What a page of another origin may not, it may not with a token either.
function refuseForeignOrigin({ id, addressRefusal }: Caller, code: ErrorCode): void {
  if (id.foreignOrigin !== undefined && addressRefusal !== undefined)
    throw new GitPubSubError(code, addressRefusal);
}

function describeTopics(prefixes: readonly Topic[]): string {
  return prefixes.length === 0 ? 'nowhere' : `at and below ${prefixes.join(', ')}`;
}

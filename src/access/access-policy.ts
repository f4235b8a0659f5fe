// What the sender of a request may do: by its address, and by its token where an access file says so.
import type { Clock } from '../core/clock.ts';
import { GitPubSubError } from '../core/errors.ts';
import { HiddenTopics } from '../core/hidden-topics.ts';
import { ROOT_TOPIC, type Topic } from '../core/topic.ts';
import { NO_RIGHTS, unite, type AccessRules, type Rights, type WebhookRule } from './access-rules.ts';
import type { Caller, CallerId } from './caller.ts';
import { readToken, type CredentialHeaders } from './credentials.ts';
import type { Limits } from './limits.ts';
import { explainProxyHeader, PeerPolicy, type PeerDecision, type PeerFacts } from './peer-policy.ts';
import { PeerRightsTable, type PeerGrant } from './peer-rights.ts';
import type { PeerRange, ProxyRange } from './peer-range.ts';
import { TokenTable, type KnownToken } from './token-table.ts';

/** What a request shows of its sender. */
export interface RequestFacts {
  readonly peer: PeerFacts;
  readonly credentials: CredentialHeaders;
  /** The origin of the page that sent it, where that is none of corsOrigins. */
  readonly foreignOrigin: string | undefined;
}

/** The rules of one broker. */
export interface AccessSettings {
  readonly trustedPeers: readonly PeerRange[];
  readonly trustedProxies: readonly ProxyRange[];
  /** `undefined` without an access file: then nothing is private, and tokens are not looked at. */
  readonly access: AccessRules | undefined;
  /** Most streams of an address that is not in trustedPeers, unless the access file has limits for it; without it, any number. */
  readonly maxPeerStreams?: number | undefined;
}

/** What trustedPeers gives. What is private, only an access file opens. */
const TRUSTED_RIGHTS: Rights = { publish: [ROOT_TOPIC], subscribe: [], statistics: true };

/** Decides by rules that don't change. */
export class AccessPolicy {
  readonly #peerPolicy: PeerPolicy;
  readonly #rules: AccessRules | undefined;
  readonly #peerRights: PeerRightsTable;
  readonly #tokens: TokenTable;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #strangerLimits: Limits | undefined;
  readonly #hidden = new WeakMap<readonly Topic[], WeakMap<readonly Topic[], HiddenTopics>>();

  /** `clock`: by which tokens expire. */
  constructor(settings: AccessSettings, clock: Pick<Clock, 'nowMs'>) {
    this.#peerPolicy = new PeerPolicy(settings);
    this.#rules = settings.access;
    this.#peerRights = new PeerRightsTable(settings.access?.peers ?? []);
    this.#tokens = new TokenTable(settings.access?.principals ?? []);
    this.#clock = clock;
    const { maxPeerStreams: streams } = settings;
    this.#strangerLimits = streams === undefined ? undefined : { streams, burstSeconds: 0 };
  }

  /** Whether there are tokens, so that one could give more rights. */
  get takesTokens(): boolean {
    return (this.#rules?.principals.length ?? 0) > 0;
  }

  /** The webhook of a name. */
  findWebhook(name: string): WebhookRule | undefined {
    return this.#rules?.webhooks.get(name);
  }

  /** Whether a token expired after the first moment and up to the second one; UTC milliseconds. */
  hasExpiredBetween(afterMs: number, upToMs: number): boolean {
    return this.#tokens.hasExpiredBetween(afterMs, upToMs);
  }

  /**
   * Whose request it is and what it may do.
   * @throws GitPubSubError `unauthorized` for credentials that are wrong
   */
  identify({ peer, credentials, foreignOrigin }: RequestFacts): Caller {
    const decision = this.#peerPolicy.decide(peer);
    const token = this.#rules && this.#requireToken(credentials);
    return this.#describe(decision, foreignOrigin, token);
  }

  /** The same caller by these rules; `undefined` if its token is no longer right. */
  identifyAgain(id: CallerId): Caller | undefined {
    const { foreignOrigin, tokenSha256 } = id;
    const token =
      tokenSha256 === undefined ? undefined : this.#tokens.findHash(tokenSha256, this.#clock.nowMs());
    if (tokenSha256 !== undefined && !token) return undefined;
    return this.#describe(this.#peerPolicy.decideAgain(id), foreignOrigin, token);
  }

  /** The address of a client, in its one spelling, `unix` or `unknown`. */
  findClient(peer: PeerFacts): string {
    return this.#peerPolicy.decide(peer).client;
  }

  /** Whether a client may publish anything, by its socket alone. */
  mayPublishFrom(address: string | Uint8Array): boolean {
    const decision = this.#peerPolicy.decide({ address, forwardedFor: [], hasProxyHeader: false });
    return addressRights(decision, this.#peerRights.of(decision.client)).publish.length > 0;
  }

  #requireToken(headers: CredentialHeaders): KnownToken | undefined {
    const text = readToken(headers);
    if (text === undefined) return undefined;
    const token = this.#tokens.find(text, this.#clock.nowMs());
    if (token) return token;
    throw wrongToken();
  }

  #describe(decision: PeerDecision, foreignOrigin: string | undefined, token?: KnownToken): Caller {
    const { client, isCertain, proxy } = decision;
    const listed = this.#peerRights.of(client);
    const ofAddress = foreignOrigin === undefined ? addressRights(decision, listed) : NO_RIGHTS;
    const ofToken = token ? token.principal : NO_RIGHTS;
    // A page of another origin may read what its token may read, and nothing else.
    const { subscribe } = ofToken;
    const rights = unite(ofAddress, foreignOrigin === undefined ? ofToken : { ...NO_RIGHTS, subscribe });
    return {
      id: {
        client,
        isCertain,
        ...(proxy !== undefined && { proxy }),
        foreignOrigin,
        tokenSha256: token?.sha256,
      },
      principal: token?.principal.name,
      rights,
      limits: token ? token.principal.limits : this.#addressLimits(decision, listed),
      hidden: this.#hiddenFrom(ofAddress.subscribe, ofToken.subscribe),
      expiresMs: token?.expiresMs,
      addressRefusal: explainRefusal(decision, { foreignOrigin, ofAddress, listed }),
    };
  }

  // Why also of one that may be a proxy: a header would be enough to get around them.
  #addressLimits({ isTrusted }: PeerDecision, listed: PeerGrant | undefined): Limits | undefined {
    if (isTrusted || !this.#strangerLimits) return listed?.limits;
    if (!listed?.limits) return this.#strangerLimits;
    return { ...listed.limits, streams: listed.limits.streams ?? this.#strangerLimits.streams };
  }

  // Why kept: much may be private, and many may see the same of it.
  #hiddenFrom(ofAddress: readonly Topic[], ofToken: readonly Topic[]): HiddenTopics {
    const known = this.#hidden.get(ofAddress) ?? new WeakMap<readonly Topic[], HiddenTopics>();
    this.#hidden.set(ofAddress, known);
    const hidden =
      known.get(ofToken) ?? new HiddenTopics(this.#rules?.privates ?? [], [...ofAddress, ...ofToken]);
    known.set(ofToken, hidden);
    return hidden;
  }
}

/** What is said to who sends a token that is none, or none any more. */
export function wrongToken(): GitPubSubError {
  return new GitPubSubError('unauthorized', 'The token is wrong or has expired.');
}

// What the file says of an address stands in the place of what trustedPeers gives it.
function addressRights({ isTrusted, isCertain }: PeerDecision, listed: PeerGrant | undefined): Rights {
  return (isCertain ? listed : undefined) ?? (isTrusted ? TRUSTED_RIGHTS : NO_RIGHTS);
}

interface AddressFacts {
  readonly foreignOrigin: string | undefined;
  readonly ofAddress: Rights;
  readonly listed: PeerGrant | undefined;
}

function explainRefusal(
  decision: PeerDecision,
  { foreignOrigin, ofAddress, listed }: AddressFacts,
): string | undefined {
  if (foreignOrigin !== undefined)
    return `Pages of ${foreignOrigin} may not publish or see statistics here; only those of the origins in corsOrigins may.`;
  if (ofAddress !== NO_RIGHTS || decision.isTrusted) return undefined;
  // Why: what the access file grants to an address counts only where that is the client's for certain.
  return listed ? explainProxyHeader(decision.client) : decision.reason;
}

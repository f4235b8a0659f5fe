// Who may publish and read what, beyond trustedPeers: plain values, as the access file gives them.
import type { Topic } from '../core/topic.ts';
import type { WebhookKindName } from '../core/webhook-kinds.ts';
import type { Limits } from './limits.ts';
import type { ProxyRange } from './peer-range.ts';

/** What somebody may do. */
export interface Rights {
  /** May publish at and below these. */
  readonly publish: readonly Topic[];
  /** May read at and below these, also where it is private. */
  readonly subscribe: readonly Topic[];
  /** May see statistics and metrics. */
  readonly statistics: boolean;
}

/** One of a principal's tokens. */
export interface StoredToken {
  /** SHA-256 of the token, in lower-case hex. */
  readonly sha256: string;
  /** From this moment on it is wrong; UTC milliseconds. */
  readonly expiresMs: number | undefined;
}

/** Somebody who is known by a token. */
export interface Principal extends Rights {
  readonly name: string;
  /** Several for rotation; any of them is right. */
  readonly tokens: readonly StoredToken[];
  /** Of all its tokens together. */
  readonly limits?: Limits | undefined;
}

/** Addresses with rights of their own, which stand in the place of what trustedPeers gives them. */
export interface PeerRights extends Rights {
  readonly addresses: readonly ProxyRange[];
  /** Of each of the addresses. */
  readonly limits?: Limits | undefined;
}

/** A hosted repository's server that may publish what was pushed to it. */
export interface WebhookRule {
  readonly kind: WebhookKindName;
  /** Several for rotation; any of them is right. */
  readonly secrets: readonly string[];
  /** Topic template, checked. */
  readonly topic: string;
}

/** All of an access file. */
export interface AccessRules {
  /** Only who is granted it reads what is at and below these. */
  readonly privates: readonly Topic[];
  readonly principals: readonly Principal[];
  /** The rights of all entries that cover an address count together, and the lowest of their limits. */
  readonly peers: readonly PeerRights[];
  /** By the name in their path. */
  readonly webhooks: ReadonlyMap<string, WebhookRule>;
}

/** Of who is not known. */
export const NO_RIGHTS: Rights = { publish: [], subscribe: [], statistics: false };

/** What somebody may do who has the rights of both. */
export function unite(one: Rights, other: Rights): Rights {
  return {
    publish: join(one.publish, other.publish),
    subscribe: join(one.subscribe, other.subscribe),
    statistics: one.statistics || other.statistics,
  };
}

// Why the same list when the other is empty: what is made of a list is kept for it.
function join(one: readonly Topic[], other: readonly Topic[]): readonly Topic[] {
  if (other.length === 0) return one;
  return one.length === 0 ? other : [...one, ...other];
}

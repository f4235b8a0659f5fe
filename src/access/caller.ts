// Who sent a request, and what it may do.
import type { HiddenTopics } from '../core/hidden-topics.ts';
import { covers, type Topic } from '../core/topic.ts';
import type { Rights } from './access-rules.ts';
import type { Limits } from './limits.ts';
import type { PeerId } from './peer-policy.ts';

/** By what a caller is recognised again when the rules have changed. */
export interface CallerId extends PeerId {
  /** The origin of the page that sent the request, where that is none of corsOrigins. */
  readonly foreignOrigin: string | undefined;
  /** Of its token, if it sent one. */
  readonly tokenSha256: string | undefined;
}

/** One caller, by the rules of the moment. */
export interface Caller {
  readonly id: CallerId;
  /** The name of the principal whose token it sent; `undefined` for who is known by its address alone. */
  readonly principal: string | undefined;
  readonly rights: Rights;
  /** What it may use; `undefined` without any bound. */
  readonly limits: Limits | undefined;
  /** What it may not read. */
  readonly hidden: HiddenTopics;
  /** When its token expires; UTC milliseconds. */
  readonly expiresMs: number | undefined;
  /** Why its address alone gives it no right, in plain sentences; `undefined` when it gives some. */
  readonly addressRefusal: string | undefined;
}

/** By which name it is remembered who published something: `principal ci`, `address 192.0.2.1`, `unix`. */
export function publisherName({ principal, id }: Pick<Caller, 'principal' | 'id'>): string {
  if (principal !== undefined) return `principal ${principal}`;
  return id.client === 'unix' ? id.client : `address ${id.client}`;
}

/** Whether it may publish an event of a topic. */
export function mayPublish({ rights }: Caller, topic: Topic): boolean {
  return rights.publish.some((prefix) => covers(prefix, topic));
}

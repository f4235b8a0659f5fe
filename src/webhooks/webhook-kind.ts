// What is to be known of one vendor's webhooks. Types only.
import type { Member } from './member.ts';
import type { ToldPush } from './told-push.ts';

/** The value of a request's header, asked for by its name in lower case; undefined if it has none. */
export type Headers = (name: string) => string | undefined;

/** One vendor's webhooks. Where several headers are named, the first that is there counts. */
export interface WebhookKind {
  /** The headers that name the event. */
  readonly eventHeaders: readonly string[];
  /** The headers that identify the delivery, with the same value each time it is tried. */
  readonly deliveryHeaders: readonly string[];
  /** As `verify` in webhooks.ts. */
  readonly verify: (headers: Headers, rawBody: Uint8Array, secrets: readonly string[]) => boolean;
  /** By event, what reads the refs of its payload. Events that are not here are nobody's business. */
  readonly readers: Readonly<Record<string, (payload: Member) => ToldPush[]>>;
}

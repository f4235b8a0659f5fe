// Idempotency keys: what a publisher calls a request, so that it can repeat it without storing anything twice. [P9]
import { createHash } from 'node:crypto';
import type { Caller } from '../access/caller.ts';
import { GitPubSubError } from '../core/errors.ts';
import type { Idempotency, NewEvent } from '../core/event.ts';
import { ROOT_TOPIC, type Topic } from '../core/topic.ts';
import { isIdempotencyKey } from '../core/idempotency-key.ts';
import type { RequestHead } from './request-head.ts';

/** Says in an answer that nothing was stored now. */
export const REPLAYED_HEADER = ['Idempotent-Replayed', 'true'] as const;

/** Everyone who may publish everywhere because of its address shares its keys; no principal has that name. */
const ADDRESS_PRINCIPAL = 'trusted-peers';

/** The key of a request, if it has one. @throws GitPubSubError `invalid-idempotency-key` */
export function readIdempotencyKey(head: RequestHead): string | undefined {
  const keys = head.all('idempotency-key');
  const [key] = keys;
  if (key === undefined || (keys.length === 1 && isIdempotencyKey(key))) return key;
  throw new GitPubSubError(
    'invalid-idempotency-key',
    `The Idempotency-Key is ${JSON.stringify(keys.join(', ').slice(0, 100))}; it must be one value of 1 to 255 visible ASCII characters.`,
  );
}

/** Whose keys a caller's are, for what it publishes to a topic. */
export function keyOwner(
  { principal, rights: { publish } }: Pick<Caller, 'principal' | 'rights'>,
  topic: Topic,
): string {
  if (principal !== undefined) return `principal ${principal}`;
  if (publish.includes(ROOT_TOPIC)) return ADDRESS_PRINCIPAL;
  // Why the topic, not the corner in which an address may publish: a corner may grow between two tries, and who may publish
  // in one must not use up the keys of others, many of which can be guessed.
  return `peers at ${topic}`;
}

/** What makes a request with this key recognisable: the hash of what is stored, so that white space doesn't count. */
export function identify(owner: string, key: string, events: readonly NewEvent[]): Idempotency {
  const hash = createHash('sha256');
  let topic: string | undefined;
  // No topic and no payload holds a raw line feed, and so no two different lists make the same text.
  for (const event of events) {
    if (event.topic !== topic) hash.update(`${topic === undefined ? '' : '\n\n'}${event.topic}`);
    topic = event.topic;
    hash.update('\n').update(event.payload);
  }
  return { principal: owner, key, fingerprint: hash.digest('base64') };
}

/** The same for a delivery of a webhook: by its body, whatever is made of it by the time it comes again. */
export function identifyDelivery(owner: string, key: string, body: Uint8Array): Idempotency {
  return { principal: owner, key, fingerprint: createHash('sha256').update(body).digest('base64') };
}

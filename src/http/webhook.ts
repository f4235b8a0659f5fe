// POST below /-/webhooks: a delivery of hosted git, checked and published as the events it stands for.
import type { WebhookRule } from '../access/access-rules.ts';
import { networkOf } from '../access/account.ts';
import { GitPubSubError } from '../core/errors.ts';
import type { Append } from '../core/event.ts';
import { escapeLineBreaks } from '../core/payload.ts';
import { readDeliveryId, translate, verify, type Translation } from '../webhooks/webhooks.ts';
import { findClient } from './caller.ts';
import type { HttpContext } from './context.ts';
import type { Exchange } from './exchange.ts';
import { identifyDelivery } from './idempotency.ts';
import { receive } from './reception.ts';
import type { RequestHead } from './request-head.ts';
import type { SocketPeer } from './socket-peer.ts';

/** Largest delivery in bytes; GitHub sends none that is larger. */
const MAX_DELIVERY_BYTES: number = 25 * 1024 * 1024;

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Takes a delivery: what it stands for is on disk when it is answered, once however often it comes.
 * @throws GitPubSubError `not-found`, and what can be refused without the body
 */
export function handleWebhook(
  context: HttpContext,
  exchange: Exchange,
  head: RequestHead,
  { name, peer }: { name: string; peer: SocketPeer },
): void {
  requireRule(context, name);
  const client = findClient(context.accessPolicy, head, peer);
  const owner = `webhook ${name}`;
  const toAppend = (bytes: Uint8Array): Append | undefined => {
    const rule = requireRule(context, name); // It may have changed while the body came.
    const { events, leftOut } = translateDelivery(head, rule, bytes);
    for (const reason of leftOut)
      context.refusalLog.note({
        client,
        code: 'invalid-topic',
        method: head.method,
        path: head.path,
        reason,
      });
    const key = readDeliveryId(rule.kind, (header) => head.get(header));
    if (events.length === 0) return undefined;
    const idempotency = key === undefined ? undefined : identifyDelivery(owner, key, bytes);
    return { events, publisher: owner, idempotency };
  };
  const budget = context.deliveryBudgets.of(networkOf(client) ?? client);
  receive(context, exchange, head, { peer, budget, maxBytes: MAX_DELIVERY_BYTES, toAppend });
}

function requireRule({ accessPolicy }: HttpContext, name: string): WebhookRule {
  const rule = accessPolicy.findWebhook(name);
  if (rule) return rule;
  throw new GitPubSubError('not-found', `There is no webhook "${name}".`);
}

function translateDelivery(head: RequestHead, rule: WebhookRule, bytes: Uint8Array): Translation {
  const readHeader = (name: string): string | undefined => head.get(name);
  if (!verify(rule.kind, readHeader, bytes, rule.secrets))
    throw new GitPubSubError(
      'unauthorized',
      `The delivery has no right signature of a ${rule.kind} webhook; is its secret the one in the access file?`,
    );
  const { events, leftOut } = translate(rule.kind, readHeader, parse(bytes), rule.topic);
  return {
    events: events.map(({ topic, payload }) => ({ topic, payload: escapeLineBreaks(payload) })),
    leftOut,
  };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes));
  } catch {
    throw new GitPubSubError(
      'invalid-payload',
      'The delivery is not JSON in UTF-8; choose application/json as the content type of the webhook.',
    );
  }
}

// POST and PUT: who may publish, and what is made of the body.
import { publisherName } from '../access/caller.ts';
import type { Usage } from '../access/publish-limiter.ts';
import type { Append } from '../core/event.ts';
import { parsePayloadLines } from '../core/ndjson.ts';
import { parsePayload } from '../core/payload.ts';
import { parseTopic } from '../core/topic.ts';
import type { HttpContext } from './context.ts';
import { identifyCaller, requirePublisher, requirePublisherStill } from './caller.ts';
import type { Exchange } from './exchange.ts';
import { identify, keyOwner, readIdempotencyKey } from './idempotency.ts';
import { receive } from './reception.ts';
import type { RequestHead } from './request-head.ts';
import type { SocketPeer } from './socket-peer.ts';

/** Media type of a body with one event a line. [P8] */
const BATCH_MEDIA_TYPE = 'application/x-ndjson';

/**
 * Takes one event, or a batch of them. [P4, P8]
 * @throws GitPubSubError what can be refused without the body
 */
export function handlePublish(
  context: HttpContext,
  exchange: Exchange,
  head: RequestHead,
  peer: SocketPeer,
): void {
  const caller = identifyCaller(context, head, peer);
  const topic = parseTopic(head.path);
  requirePublisher(context, caller, topic);
  const key = readIdempotencyKey(head);
  const isBatch = mediaType(head) === BATCH_MEDIA_TYPE;
  const maxBytes = isBatch ? context.maxBatchBytes : context.maxEventBytes;
  const { accessPolicy } = context;
  const toAppend = (bytes: Uint8Array): Append => {
    // The rules may have changed while the body came.
    if (context.accessPolicy !== accessPolicy) requirePublisherStill(context, caller, topic);
    const payloads = isBatch ? parsePayloadLines(bytes, context.maxEventBytes) : [parsePayload(bytes)];
    const events = payloads.map((payload) => ({ topic, payload }));
    const idempotency = key === undefined ? undefined : identify(keyOwner(caller, topic), key, events);
    return { events, publisher: publisherName(caller), idempotency };
  };
  const count = (usage: Usage): void => context.publishLimiter.take(caller, usage);
  receive(context, exchange, head, { peer, budget: context.bodyBudget, maxBytes, toAppend, count });
}

// Whatever else a body is called, it is one event: curl -d calls it a form. [P6]
function mediaType(head: RequestHead): string | undefined {
  return head.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
}

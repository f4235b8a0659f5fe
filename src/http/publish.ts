// POST and PUT: who may publish, the body, and the acknowledgement once the event is on disk.
import { publisherName } from '../access/caller.ts';
import type { Usage } from '../access/publish-limiter.ts';
import type { Append } from '../core/event.ts';
import { parsePayloadLines } from '../core/ndjson.ts';
import { parsePayload } from '../core/payload.ts';
import { parseTopic } from '../core/topic.ts';
import type { Receipt } from '../broker/broker.ts';
import { Body, checkBodyBytes, readBody } from './body.ts';
import type { Budget } from './body-budget.ts';
import type { HttpContext } from './context.ts';
import { corsHeaders } from './cors.ts';
import { identifyCaller, requirePublisher, requirePublisherStill } from './caller.ts';
import type { Exchange } from './exchange.ts';
import { identify, keyOwner, readIdempotencyKey, REPLAYED_HEADER } from './idempotency.ts';
import type { RequestHead } from './request-head.ts';
import { toSeconds } from './seconds.ts';
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

/** A body that is to come, and what becomes of it. */
interface Reception {
  readonly peer: SocketPeer;
  readonly budget: Budget;
  readonly maxBytes: number;
  /** Makes what is to be stored; `undefined` when there is nothing. */
  readonly toAppend: (bytes: Uint8Array) => Append | undefined;
  /** Told what the request takes as soon as that is known; throws when it is too much. */
  readonly count?: (usage: Usage) => void;
}

/**
 * Receives a body, publishes what is made of it, and answers once that is on disk.
 * @throws GitPubSubError what can be refused without the body
 */
export function receive(
  context: HttpContext,
  exchange: Exchange,
  head: RequestHead,
  { peer, budget, maxBytes, toAppend, count }: Reception,
): void {
  const announced = head.get('content-length');
  checkBodyBytes(Number(announced ?? 0), maxBytes);
  count?.({ publishes: 1, bytes: Number(announced ?? 0) });
  const release = context.broker.admitPublisher((error) => giveUp(error));
  const body = new Body(budget, maxBytes, release);
  const refuse = (error: unknown): void => context.refuse(exchange, head, error, peer);
  const take = (bytes: Uint8Array): void => {
    context.statistics.receivedBytes += bytes.byteLength;
    if (announced === undefined) count?.({ bytes: bytes.byteLength });
    const append = toAppend(bytes);
    if (!append) {
      body.release();
      return exchange.answer({ status: '204 No Content', headers: [] });
    }
    void context.broker
      .publish(append)
      .then((receipt) => acknowledge(context, exchange, head, receipt))
      .catch(refuse)
      .finally(() => body.release());
  };
  const giveUp = readBody(exchange, body, take, refuse);
}

// Whatever else a body is called, it is one event: curl -d calls it a form. [P6]
function mediaType(head: RequestHead): string | undefined {
  return head.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
}

function acknowledge(context: HttpContext, exchange: Exchange, head: RequestHead, receipt: Receipt): void {
  const { timeMs, cursor, isReplayed } = receipt;
  exchange.answer({
    status: '200 OK',
    headers: [
      ['Content-Type', 'application/json'],
      ['X-Timestamp', String(Math.floor(timeMs / 1000))],
      ['X-Cursor', cursor],
      ...(isReplayed ? [REPLAYED_HEADER] : []),
      ...corsHeaders(context.corsOrigins, head),
    ],
    body: `{"cursor":"${cursor}","timestamp":${toSeconds(timeMs)}}\n`,
  });
}

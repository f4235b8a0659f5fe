// A request with a body: it is received within its bounds, what is made of it is published, and the answer says so once that is on
// disk. [P4, P6]
import type { Usage } from '../access/publish-limiter.ts';
import type { Receipt } from '../broker/broker.ts';
import type { Append } from '../core/event.ts';
import { Body, checkBodyBytes, readBody } from './body.ts';
import type { Budget } from './body-budget.ts';
import type { HttpContext } from './context.ts';
import { corsHeaders } from './cors.ts';
import type { Exchange } from './exchange.ts';
import { REPLAYED_HEADER } from './idempotency.ts';
import type { RequestHead } from './request-head.ts';
import { toSeconds } from './seconds.ts';
import type { SocketPeer } from './socket-peer.ts';

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

// HEAD on a topic: the broker's numbers. [P24]
import { parsePrefix } from '../core/topic.ts';
import type { HttpContext } from './context.ts';
import { identifyCaller, requireReader } from './caller.ts';
import { corsHeaders } from './cors.ts';
import type { Exchange, HeaderList } from './exchange.ts';
import type { RequestHead } from './request-head.ts';
import type { SocketPeer } from './socket-peer.ts';

/** Answers HEAD on a topic; the numbers are only for who may see them. @throws GitPubSubError as a GET there */
export function handleHead(
  context: HttpContext,
  exchange: Exchange,
  head: RequestHead,
  peer: SocketPeer,
): void {
  const caller = identifyCaller(context, head, peer);
  requireReader(context, caller, [parsePrefix(head.path)]);
  const numbers = caller.rights.statistics ? statisticsHeaders(context) : [];
  exchange.answer({ status: '200 OK', headers: [...numbers, ...corsHeaders(context.corsOrigins, head)] });
}

function statisticsHeaders({ statistics, broker, clock }: HttpContext): HeaderList {
  const uptimeMs = clock.monotonicMs() - statistics.startedMs;
  return [
    ['X-Uptime', String(Math.floor(uptimeMs / 1000))],
    ['X-Connections', String(statistics.openConnections)],
    ['X-Subscribers', String(broker.subscriberCount)],
    ['X-Total-Connections', String(statistics.totalConnections)],
    ['X-Received', String(statistics.receivedBytes)],
    ['X-Sent', String(statistics.sentBytes)],
  ];
}

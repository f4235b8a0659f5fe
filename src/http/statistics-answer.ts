// HEAD on a topic: the broker's numbers. [P24]
import type { HttpContext } from './context.ts';
import { corsHeaders } from './cors.ts';
import type { Exchange, HeaderList } from './exchange.ts';
import type { RequestHead } from './request-head.ts';
import type { SocketPeer } from './socket-peer.ts';
import { decideTrust } from './trust.ts';

/** Answers HEAD on a topic; the numbers are for trusted peers only. */
export function handleHead(
  context: HttpContext,
  exchange: Exchange,
  head: RequestHead,
  peer: SocketPeer,
): void {
  const { isTrusted } = decideTrust(context, head, peer);
  const numbers = isTrusted ? statisticsHeaders(context) : [];
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

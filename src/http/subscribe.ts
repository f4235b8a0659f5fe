// GET: an endless chunked stream of everything at a topic and below. [P10]
import { selectPrefixes } from '../core/selection.ts';
import { parsePrefix } from '../core/topic.ts';
import type { HttpContext } from './context.ts';
import { corsHeaders } from './cors.ts';
import type { Exchange } from './exchange.ts';
import { parseSubscribeQuery } from './query.ts';
import type { RequestHead } from './request-head.ts';
import { resolveResume } from './resume.ts';
import { StreamSink } from './stream-sink.ts';

/** Opens a stream. @throws GitPubSubError what is wrong with the request, or `log-unavailable` */
export async function handleSubscribe(
  context: HttpContext,
  exchange: Exchange,
  head: RequestHead,
): Promise<void> {
  const prefix = parsePrefix(head.path);
  const query = parseSubscribeQuery(head.query);
  const { start, headers } = await resolveResume(context.broker, head, query);
  if (!exchange.isOpen) return;
  const format = context.defaultFormat;
  const sink = new StreamSink(
    exchange,
    [
      ['Content-Type', format.mediaType],
      ['Cache-Control', 'no-cache, no-transform'],
      ['X-Accel-Buffering', 'no'],
      ...headers,
      ...corsHeaders(context.corsOrigins, head),
    ],
    format,
    start.aliveMs,
    context.statistics,
  );
  sink.attach(context.broker.subscribe(selectPrefixes([prefix]), start, sink));
}

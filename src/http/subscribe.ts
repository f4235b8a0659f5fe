// GET: everything at some topics and below, as an endless stream or up to now. [P10, P16]
import { GitPubSubError } from '../core/errors.ts';
import { selectPrefixes } from '../core/selection.ts';
import { parsePrefix } from '../core/topic.ts';
import type { HttpContext } from './context.ts';
import { corsHeaders } from './cors.ts';
import type { Exchange } from './exchange.ts';
import { negotiateFormat, type Encoders } from './formats.ts';
import { parseSubscribeQuery, type SubscribeQuery } from './query.ts';
import type { RequestHead } from './request-head.ts';
import { resolveResume } from './resume.ts';
import type { StreamEncoder } from './stream-format.ts';
import { StreamSink } from './stream-sink.ts';

/** Opens a stream. @throws GitPubSubError what is wrong with the request, or `log-unavailable` */
export async function handleSubscribe(
  context: HttpContext,
  exchange: Exchange,
  head: RequestHead,
): Promise<void> {
  const { broker, corsOrigins, statistics } = context;
  const prefix = parsePrefix(head.path);
  const query = parseSubscribeQuery(head.query);
  const encoder = chooseEncoder(context.encoders, head, query);
  const selection = selectPrefixes([prefix, ...query.topics], query.filter);
  const { start, gap, headers, ...resume } = await resolveResume(broker, head, query, selection);
  if (!exchange.isOpen) return;
  const until = resume.until ?? (query.isPoll ? broker.startLive().offset : undefined);
  const sink = new StreamSink(
    exchange,
    [
      ['Content-Type', encoder.mediaType],
      ['Cache-Control', 'no-cache, no-transform'],
      ['X-Accel-Buffering', 'no'],
      ['X-Cursor', broker.cursorAt(until ?? start.offset)],
      ...headers,
      ...corsHeaders(corsOrigins, head),
    ],
    { encoder, start, gap, statistics },
  );
  sink.attach(broker.subscribe(selection, start, sink, until));
}

// The query beats Accept. [P18]
function chooseEncoder(encoders: Encoders, head: RequestHead, query: SubscribeQuery): StreamEncoder {
  const name = query.format ?? negotiateFormat(head.all('accept').join(','));
  if (!query.isPoll) return encoders.live[name];
  if (name !== 'sse') return encoders.poll[name];
  throw new GitPubSubError(
    'invalid-query',
    'A poll ends, Server-Sent Events do not; ask for format=ndjson or format=gitpubsub with poll=1.',
  );
}

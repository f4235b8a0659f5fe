// GET: everything at some topics and below, as an endless stream, up to now, or as a page for people. [P10, P15, P16]
import type { Caller } from '../access/caller.ts';
import { GitPubSubError } from '../core/errors.ts';
import { selectPrefixes, type Selection } from '../core/selection.ts';
import { parsePrefix, type Topic } from '../core/topic.ts';
import { identifyCaller, requireReader } from './caller.ts';
import type { HttpContext } from './context.ts';
import { corsHeaders } from './cors.ts';
import type { Exchange } from './exchange.ts';
import { negotiateFormat, type Encoders, type Negotiated } from './formats.ts';
import { parseSubscribeQuery, type SubscribeQuery } from './query.ts';
import type { RequestHead } from './request-head.ts';
import { resolveResume } from './resume.ts';
import type { SocketPeer } from './socket-peer.ts';
import type { StreamEncoder } from './stream-format.ts';
import { StreamSink } from './stream-sink.ts';

/** Opens a stream, or answers with the page. @throws GitPubSubError what is wrong with the request, `too-many-requests` or `log-unavailable` */
export async function handleSubscribe(
  context: HttpContext,
  exchange: Exchange,
  head: RequestHead,
  peer: SocketPeer,
): Promise<void> {
  const prefix = parsePrefix(head.path);
  const query = parseSubscribeQuery(head.query);
  const format = query.format ?? negotiateFormat(head.all('accept').join(',')); // The query beats Accept. [P18]
  // Why whoever asks: it is the same for all and tells nothing, and asks for a token where its stream needs one. [P15]
  if (format === 'html' && !query.isPoll) return context.page.answer(exchange, head);
  const admit = (): Reader => admitReader(context, identifyCaller(context, head, peer), prefix, query);
  const asked = admit();
  const encoder = chooseEncoder(context.encoders, format, query);
  const onOver = context.streamLimiter.open(asked.caller);
  try {
    await openStream(context, exchange, head, { query, encoder, asked, admit, onOver });
  } catch (error) {
    onOver();
    throw error;
  }
}

/** One stream that is asked for. */
interface Wanted {
  readonly query: SubscribeQuery;
  readonly encoder: StreamEncoder;
  readonly asked: Reader;
  /** Looks at the rights again. */
  readonly admit: () => Reader;
  /** Called when it is over, or has not begun; may be called again. */
  readonly onOver: () => void;
}

async function openStream(
  { broker, corsOrigins, statistics }: HttpContext,
  exchange: Exchange,
  head: RequestHead,
  { query, encoder, asked, admit, onOver }: Wanted,
): Promise<void> {
  const { start, gap, headers, ...resume } = await resolveResume(broker, head, query, asked.selection);
  if (!exchange.isOpen) return onOver();
  // Why again: the token may have expired meanwhile, or the rules have changed, and only open streams are looked after.
  const { caller, selection } = admit();
  const until = resume.until ?? (query.isPoll ? broker.starts.live().offset : undefined);
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
    { encoder, start, gap, statistics, caller, origin: head.get('origin'), onOver },
  );
  sink.attach(broker.subscribe(selection, start, sink, until));
}

interface Reader {
  readonly caller: Caller;
  readonly selection: Selection;
}

function admitReader(context: HttpContext, caller: Caller, prefix: Topic, query: SubscribeQuery): Reader {
  const prefixes = [prefix, ...query.topics];
  requireReader(context, caller, prefixes);
  const selection = selectPrefixes(prefixes, { filter: query.filter, hidden: caller.hidden });
  return { caller, selection };
}

function chooseEncoder(encoders: Encoders, format: Negotiated, query: SubscribeQuery): StreamEncoder {
  const name = format === 'html' ? 'gitpubsub' : format;
  if (!query.isPoll) return encoders.live[name];
  if (name !== 'sse') return encoders.poll[name];
  throw new GitPubSubError(
    'invalid-query',
    'A poll ends, Server-Sent Events do not; ask for format=ndjson or format=gitpubsub with poll=1.',
  );
}

// POST and PUT: who may publish, the body, and the acknowledgement once the event is on disk.
import { GitPubSubError } from '../core/errors.ts';
import { parsePayload } from '../core/payload.ts';
import { parseTopic } from '../core/topic.ts';
import type { Receipt } from '../broker/broker.ts';
import { Body, checkBodyBytes, readBody } from './body.ts';
import type { HttpContext } from './context.ts';
import { corsHeaders } from './cors.ts';
import type { Exchange } from './exchange.ts';
import type { RequestHead } from './request-head.ts';
import { toSeconds } from './seconds.ts';
import { requireTrust } from './trust.ts';

/**
 * Takes one event. [P4]
 * @throws GitPubSubError what can be refused without the body
 */
export function handlePublish(
  context: HttpContext,
  exchange: Exchange,
  head: RequestHead,
  peer: string | Uint8Array,
): void {
  requireTrust(context, head, peer);
  requireOrigin(context, head);
  const topic = parseTopic(head.path);
  checkBodyBytes(Number(head.get('content-length') ?? 0), context.maxEventBytes);
  const body = new Body(context.bodyBudget, context.maxEventBytes);
  const refuse = (error: unknown): void => context.refuse(exchange, head, error);
  const take = (bytes: Uint8Array): void => {
    context.statistics.receivedBytes += bytes.byteLength;
    const payload = parsePayload(bytes);
    void context.broker
      .publish({ topic, payload })
      .then((receipt) => acknowledge(context, exchange, head, receipt))
      .catch(refuse)
      .finally(() => body.release());
  };
  readBody(exchange, body, take, refuse);
}

// No web page may publish through its visitor's browser. [P5]
function requireOrigin(context: HttpContext, head: RequestHead): void {
  const origin = head.get('origin');
  if (origin === undefined || context.corsOrigins.includes(origin)) return;
  throw new GitPubSubError(
    'publish-forbidden',
    `Pages of ${origin} may not publish here; only those of the origins in corsOrigins may.`,
  );
}

function acknowledge(
  context: HttpContext,
  exchange: Exchange,
  head: RequestHead,
  { timeMs, cursor }: Receipt,
): void {
  exchange.answer({
    status: '200 OK',
    headers: [
      ['Content-Type', 'application/json'],
      ['X-Timestamp', String(Math.floor(timeMs / 1000))],
      ['X-Cursor', cursor],
      ...corsHeaders(context.corsOrigins, head),
    ],
    body: `{"cursor":"${cursor}","timestamp":${toSeconds(timeMs)}}\n`,
  });
}

// Paths of the broker itself, below `/-`: is it alive, does it take events, what did it count, the files of the live page.
// [P3, P15, P25]
import { GitPubSubError } from '../core/errors.ts';
import { parseTopic, topicSegments } from '../core/topic.ts';
import { identifyCaller, requireWatcher } from './caller.ts';
import type { HttpContext } from './context.ts';
import type { Answer, Exchange } from './exchange.ts';
import { MethodNotAllowedError } from './method-not-allowed.ts';
import type { RequestHead } from './request-head.ts';
import { handleWebhook } from './webhook.ts';
import { closeSession, openSession } from './session.ts';
import type { SocketPeer } from './socket-peer.ts';

/** Answers one request. @throws GitPubSubError if it can't */
type Handler = (context: HttpContext, head: RequestHead, peer: SocketPeer) => Answer | Promise<Answer>;

/** The handlers of a path by their methods; HEAD is answered as GET. */
type BrokerPath = Readonly<Partial<Record<string, Handler>>>;

const OK: Answer = { status: '200 OK', headers: [['Content-Type', 'text/plain']], body: 'ok\n' };

const PATHS: ReadonlyMap<string, BrokerPath> = new Map<string, BrokerPath>([
  ['/-/livez', { GET: () => OK }],
  ['/-/readyz', { GET: answerReady }],
  ['/-/metrics', { GET: answerMetrics }],
  ['/-/session', { POST: openSession, DELETE: closeSession }],
]);

/**
 * Answers a request to a path of the broker.
 * @throws GitPubSubError `not-found`, `method-not-allowed`, or what the path's handler throws
 */
export async function handleBrokerPath(
  context: HttpContext,
  exchange: Exchange,
  head: RequestHead,
  peer: SocketPeer,
): Promise<void> {
  const { method, path } = head;
  const methods = allowedMethods(context, path);
  if (!methods.includes(method)) throw new MethodNotAllowedError(method, methods);
  if (context.page.has(path)) return context.page.answerFile(exchange, path);
  const webhook = webhookName(path);
  if (webhook !== undefined) return handleWebhook(context, exchange, head, { name: webhook, peer });
  const handler = requireBrokerPath(path)[method === 'HEAD' ? 'GET' : method];
  if (handler) exchange.answer(await handler(context, head, peer));
}

/** The methods that a path of the broker takes. @throws GitPubSubError `not-found` */
export function allowedMethods({ page }: Pick<HttpContext, 'page'>, path: string): readonly string[] {
  if (webhookName(path) !== undefined) return ['POST'];
  const methods = page.has(path) ? ['GET'] : Object.keys(requireBrokerPath(path));
  return methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
}

// The segment behind /-/webhooks.
function webhookName(path: string): string | undefined {
  const [, webhooks, name, ...others] = topicSegments(parseTopic(path));
  return webhooks === 'webhooks' && others.length === 0 ? name : undefined;
}

function requireBrokerPath(path: string): BrokerPath {
  const found = PATHS.get(parseTopic(path));
  if (found) return found;
  throw new GitPubSubError('not-found', `There is no ${path}; known are ${[...PATHS.keys()].join(', ')}.`);
}

function answerReady({ broker }: HttpContext): Answer {
  const reason = broker.unreadyReason;
  if (reason !== undefined) throw new GitPubSubError('not-ready', reason);
  return OK;
}

async function answerMetrics(context: HttpContext, head: RequestHead, peer: SocketPeer): Promise<Answer> {
  requireWatcher(context, identifyCaller(context, head, peer));
  const { mediaType, text } = await context.readMetrics();
  return { status: '200 OK', headers: [['Content-Type', mediaType]], body: text };
}

// Paths of the broker itself, below `/-`: is it alive, does it take events, what did it count, the files of the live page.
// [P3, P15, P25]
import { GitPubSubError } from '../core/errors.ts';
import { parseTopic } from '../core/topic.ts';
import type { HttpContext } from './context.ts';
import type { Answer, Exchange } from './exchange.ts';
import type { RequestHead } from './request-head.ts';
import type { SocketPeer } from './socket-peer.ts';
import { decideTrust } from './trust.ts';

/** Answers a GET or HEAD. @throws GitPubSubError if it can't */
type BrokerPath = (
  context: HttpContext,
  head: RequestHead,
  peer: SocketPeer,
) => Omit<Answer, 'status'> | Promise<Omit<Answer, 'status'>>;

const PATHS: ReadonlyMap<string, BrokerPath> = new Map<string, BrokerPath>([
  ['/-/livez', () => OK],
  ['/-/readyz', answerReady],
  ['/-/metrics', answerMetrics],
]);

const OK = { headers: [['Content-Type', 'text/plain']], body: 'ok\n' } as const;

// A first segment `-`, which may also be written as %2D.
const BROKER_PATH = /^\/*(?:-|%2[dD])(?:\/|$)/;

/** Whether the path belongs to the broker. */
export function isBrokerPath(path: string): boolean {
  return BROKER_PATH.test(path);
}

/** Answers a GET or HEAD. @throws GitPubSubError `not-found`, `not-ready` or `metrics-forbidden` with the reason */
export async function handleBrokerPath(
  context: HttpContext,
  exchange: Exchange,
  head: RequestHead,
  peer: SocketPeer,
): Promise<void> {
  if (context.page.has(head.path)) return context.page.answerFile(exchange, head.path);
  const answer = await requireBrokerPath(head.path)(context, head, peer);
  exchange.answer({ status: '200 OK', ...answer });
}

/** What answers at a path. @throws GitPubSubError `not-found` */
export function requireBrokerPath(path: string): BrokerPath {
  const found = PATHS.get(parseTopic(path));
  if (found) return found;
  throw new GitPubSubError('not-found', `There is no ${path}; known are ${[...PATHS.keys()].join(', ')}.`);
}

function answerReady({ broker }: HttpContext): Omit<Answer, 'status'> {
  const reason = broker.unreadyReason;
  if (reason !== undefined) throw new GitPubSubError('not-ready', reason);
  return OK;
}

async function answerMetrics(
  context: HttpContext,
  head: RequestHead,
  peer: SocketPeer,
): Promise<Omit<Answer, 'status'>> {
  const decision = decideTrust(context, head, peer);
  if (!decision.isTrusted)
    throw new GitPubSubError(
      'metrics-forbidden',
      `Metrics are for those who may publish. ${decision.reason}`,
    );
  const { mediaType, text } = await context.readMetrics();
  return { headers: [['Content-Type', mediaType]], body: text };
}

// Paths of the broker itself, below `/-`: is it alive, does it take events. [P3, P25]
import { GitPubSubError } from '../core/errors.ts';
import { parseTopic } from '../core/topic.ts';
import type { HttpContext } from './context.ts';
import type { Exchange } from './exchange.ts';

// Each throws what keeps it from answering "ok".
const CHECKS: ReadonlyMap<string, (context: HttpContext) => void> = new Map([
  ['/-/livez', () => {}],
  ['/-/readyz', checkReady],
]);

// A first segment `-`, which may also be written as %2D.
const BROKER_PATH = /^\/*(?:-|%2[dD])(?:\/|$)/;

/** Whether the path belongs to the broker. */
export function isBrokerPath(path: string): boolean {
  return BROKER_PATH.test(path);
}

/** Answers a GET or HEAD. @throws GitPubSubError `not-found`, or `not-ready` with the reason */
export function handleBrokerPath(context: HttpContext, exchange: Exchange, path: string): void {
  requireBrokerPath(path)(context);
  exchange.answer({ status: '200 OK', headers: [['Content-Type', 'text/plain']], body: 'ok\n' });
}

/** The check behind a broker path. @throws GitPubSubError `not-found` */
export function requireBrokerPath(path: string): (context: HttpContext) => void {
  const check = CHECKS.get(parseTopic(path));
  if (check) return check;
  throw new GitPubSubError('not-found', `There is no ${path}; known are ${[...CHECKS.keys()].join(', ')}.`);
}

function checkReady({ broker }: HttpContext): void {
  const reason = broker.unreadyReason;
  if (reason !== undefined) throw new GitPubSubError('not-ready', reason);
}

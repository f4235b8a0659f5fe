// Which handler answers a request, and what becomes of what it throws.
import { GitPubSubError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { handleBrokerPath, isBrokerPath, requireBrokerPath } from './broker-paths.ts';
import type { HttpContext } from './context.ts';
import { corsHeaders, handleOptions } from './cors.ts';
import type { Exchange } from './exchange.ts';
import { checkFraming } from './framing.ts';
import { handleHead } from './statistics-answer.ts';
import { handlePublish } from './publish.ts';
import type { RequestHead } from './request-head.ts';
import type { HttpStatistics } from './statistics.ts';
import type { SocketPeer } from './socket-peer.ts';
import { handleSubscribe } from './subscribe.ts';

const TOPIC_METHODS = 'GET, HEAD, POST, PUT';
const BROKER_PATH_METHODS = 'GET, HEAD';

/** Routes one request; never throws. `peer` is the other end of its socket. */
export function route(context: HttpContext, exchange: Exchange, head: RequestHead, peer: SocketPeer): void {
  try {
    checkFraming(head);
  } catch (error) {
    // Measured: only from a later turn does the answer close the connection when more came in the same packet.
    setImmediate(() => context.refuse(exchange, head, error));
    return;
  }
  dispatch(context, exchange, head, peer).catch((error: unknown) => context.refuse(exchange, head, error));
}

/** The `refuse` of a context: every refused request ends here. */
export function createRefuse(
  corsOrigins: readonly string[],
  logger: Logger,
  { refusals }: HttpStatistics,
): HttpContext['refuse'] {
  return (exchange, head, error) => {
    const { method, path } = head;
    refusals.add(error instanceof GitPubSubError ? error.code : 'internal-error');
    if (!(error instanceof GitPubSubError)) logger.error({ method, path, err: error }, 'request failed');
    // Of writes the log watch tells; that reads fail shows nowhere else.
    else if (error.code === 'log-unavailable' && method === 'GET')
      logger.warn({ path, err: error }, 'replay refused');
    else logger.debug({ method, path, code: error.code }, 'request refused');
    const isMethodError = error instanceof GitPubSubError && error.code === 'method-not-allowed';
    const allow = isBrokerPath(path)
      ? BROKER_PATH_METHODS
      : `${TOPIC_METHODS}${corsOrigins.length > 0 ? ', OPTIONS' : ''}`;
    exchange.fail(error, [
      ...corsHeaders(corsOrigins, head),
      ...(isMethodError ? [['Allow', allow] as const] : []),
    ]);
  };
}

// Async so that what a handler throws at once and what it throws later end in the same place.
async function dispatch(
  context: HttpContext,
  exchange: Exchange,
  head: RequestHead,
  peer: SocketPeer,
): Promise<void> {
  const isBroker = isBrokerPath(head.path);
  switch (head.method) {
    case 'GET':
      return isBroker
        ? handleBrokerPath(context, exchange, head, peer)
        : handleSubscribe(context, exchange, head);
    case 'HEAD':
      return isBroker
        ? handleBrokerPath(context, exchange, head, peer)
        : handleHead(context, exchange, head, peer);
    case 'POST':
    case 'PUT':
      return isBroker ? refuseBrokerPath(context, head) : handlePublish(context, exchange, head, peer);
    case 'OPTIONS':
      if (isBroker) refuseBrokerPath(context, head);
      return handleOptions(context.corsOrigins, exchange, head, TOPIC_METHODS);
    default:
      if (isBroker) refuseBrokerPath(context, head);
      throw methodNotAllowed(head.method, TOPIC_METHODS);
  }
}

function refuseBrokerPath({ page }: HttpContext, { method, path }: RequestHead): never {
  if (!page.has(path)) requireBrokerPath(path);
  throw methodNotAllowed(method, BROKER_PATH_METHODS);
}

function methodNotAllowed(method: string, allow: string): GitPubSubError {
  return new GitPubSubError('method-not-allowed', `${method} is not allowed here; ${allow} are.`);
}

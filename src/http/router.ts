// Which handler answers a request, and what becomes of what it throws.
import { GitPubSubError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { isBrokerPath } from '../core/topic.ts';
import { handleBrokerPath } from './broker-paths.ts';
import type { HttpContext } from './context.ts';
import { corsHeaders, handleOptions } from './cors.ts';
import type { Exchange, HeaderList } from './exchange.ts';
import { checkFraming } from './framing.ts';
import { handleHead } from './statistics-answer.ts';
import { MethodNotAllowedError } from './method-not-allowed.ts';
import { isOfBrowser } from './own-page.ts';
import { handlePublish } from './publish.ts';
import type { RefusalLog } from './refusal-log.ts';
import type { RequestHead } from './request-head.ts';
import type { HttpStatistics } from './statistics.ts';
import { forgetStaleCookie } from './session.ts';
import type { SocketPeer } from './socket-peer.ts';
import { handleSubscribe } from './subscribe.ts';

const TOPIC_METHODS = ['GET', 'HEAD', 'POST', 'PUT'];

// What a 401 says may be sent. At the second one browsers ask their user for a password, which is the token.
const BEARER_CHALLENGE = ['WWW-Authenticate', 'Bearer realm="gitpubsub"'] as const;
const BASIC_CHALLENGE = ['WWW-Authenticate', 'Basic realm="gitpubsub", charset="UTF-8"'] as const;

/** Routes one request; never throws. `peer` is the other end of its socket. */
export function route(context: HttpContext, exchange: Exchange, head: RequestHead, peer: SocketPeer): void {
  try {
    checkFraming(head);
  } catch (error) {
    // Measured: only from a later turn does the answer close the connection when more came in the same packet.
    setImmediate(() => context.refuse(exchange, head, error, peer));
    return;
  }
  dispatch(context, exchange, head, peer).catch((error: unknown) =>
    context.refuse(exchange, head, error, peer),
  );
}

/** What the `refuse` of a context needs. */
interface RefuseParts {
  /** Gives corsOrigins as they are then. */
  readonly readOrigins: () => readonly string[];
  readonly logger: Logger;
  readonly statistics: HttpStatistics;
  readonly refusalLog: RefusalLog;
  /** The address of who sent a request. */
  readonly findClient: (head: RequestHead, peer: SocketPeer) => string;
}

/** The `refuse` of a context: every refused request ends here. */
export function createRefuse(parts: RefuseParts): HttpContext['refuse'] {
  const { readOrigins, logger, statistics, refusalLog, findClient } = parts;
  return (exchange, head, error, peer) => {
    const { method, path } = head;
    statistics.refusals.add(error instanceof GitPubSubError ? error.code : 'internal-error');
    if (!(error instanceof GitPubSubError)) logger.error({ method, path, err: error }, 'request failed');
    // Of writes the log watch tells; that reads fail shows nowhere else.
    else if (error.code === 'log-unavailable' && method === 'GET')
      logger.warn({ path, err: error }, 'replay refused');
    else logger.debug({ method, path, code: error.code }, 'request refused');
    if (error instanceof GitPubSubError && refusalLog.takes(error.code, path)) {
      const client = findClient(head, peer);
      refusalLog.note({ client, code: error.code, method, path, reason: error.message });
    }
    exchange.fail(error, [...corsHeaders(readOrigins(), head), ...headersOf(error, head)]);
  };
}

function headersOf(error: unknown, head: RequestHead): HeaderList {
  if (error instanceof MethodNotAllowedError) return [['Allow', error.allow]];
  const isUnauthorized = error instanceof GitPubSubError && error.code === 'unauthorized';
  if (!isUnauthorized) return [];
  return [...challengesFor(head), ...forgetStaleCookie(head)];
}

// Why no browser: what its user answers it would send along for pages of other origins, too. The live page asks better itself.
function challengesFor(head: RequestHead): HeaderList {
  return isOfBrowser(head) ? [BEARER_CHALLENGE] : [BEARER_CHALLENGE, BASIC_CHALLENGE];
}

// Async so that what a handler throws at once and what it throws later end in the same place.
async function dispatch(
  context: HttpContext,
  exchange: Exchange,
  head: RequestHead,
  peer: SocketPeer,
): Promise<void> {
  if (isBrokerPath(head.path)) return handleBrokerPath(context, exchange, head, peer);
  switch (head.method) {
    case 'GET':
      return handleSubscribe(context, exchange, head, peer);
    case 'HEAD':
      return handleHead(context, exchange, head, peer);
    case 'POST':
    case 'PUT':
      return handlePublish(context, exchange, head, peer);
    case 'OPTIONS':
      if (context.corsOrigins.length > 0)
        return handleOptions(context.corsOrigins, exchange, head, TOPIC_METHODS);
  }
  const methods = context.corsOrigins.length > 0 ? [...TOPIC_METHODS, 'OPTIONS'] : TOPIC_METHODS;
  throw new MethodNotAllowedError(head.method, methods);
}

// The session of a browser: its token in a cookie, for pages and EventSource can't send it themselves. [P30]
import { clearTokenCookie, hasTokenCookie, readToken, setTokenCookie } from '../access/credentials.ts';
import { GitPubSubError } from '../core/errors.ts';
import { identifyCaller, readCredentials } from './caller.ts';
import type { HttpContext } from './context.ts';
import type { Answer, HeaderList } from './exchange.ts';
import type { RequestHead } from './request-head.ts';
import type { SocketPeer } from './socket-peer.ts';

/** Puts the token of the Authorization header into a cookie. @throws GitPubSubError `unauthorized` without a right one */
export function openSession(context: HttpContext, head: RequestHead, peer: SocketPeer): Answer {
  const { id, expiresMs } = identifyCaller(context, head, peer);
  const token = readToken({ ...readCredentials(head), cookie: [] });
  if (id.tokenSha256 === undefined || token === undefined)
    throw new GitPubSubError(
      'unauthorized',
      'A session needs a token; send it as "Authorization: Bearer <token>".',
    );
  const lifeMs = expiresMs === undefined ? undefined : expiresMs - context.clock.nowMs();
  return answerWithCookie(setTokenCookie(token, { lifeMs, isSecure: context.isTls || isSecure(head) }));
}

/** Takes the cookie back. */
export function closeSession(): Answer {
  return answerWithCookie(clearTokenCookie());
}

/** What a 401 adds when the wrong token came in a cookie, so that a stale one does not stay in the way. */
export function forgetStaleCookie(head: RequestHead): HeaderList {
  const { authorization, cookie } = readCredentials(head);
  const isOfCookie = authorization.length === 0 && hasTokenCookie(cookie);
  return isOfCookie ? [['Set-Cookie', clearTokenCookie()]] : [];
}

function answerWithCookie(cookie: string): Answer {
  return {
    status: '204 No Content',
    headers: [
      ['Set-Cookie', cookie],
      ['Cache-Control', 'no-store'],
    ],
  };
}

// A proxy says how its client came; who lies about it only hurts itself.
function isSecure(head: RequestHead): boolean {
  return /^https\s*(,|$)/i.test(head.get('x-forwarded-proto') ?? '');
}

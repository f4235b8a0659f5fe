// The token in a request's headers. [P28]
import { GitPubSubError } from '../core/errors.ts';

/** Name of the cookie that holds a browser's token. */
const COOKIE = 'gitpubsub_token';

/** No script sees the cookie, and no page of another site makes a browser send it. */
const COOKIE_ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Strict';

/** Where a token may stand. */
export interface CredentialHeaders {
  /** Every Authorization line. */
  readonly authorization: readonly string[];
  /** Every Cookie line; none where cookies do not count. */
  readonly cookie: readonly string[];
  /** Whether a page of another origin has made a browser send them. */
  readonly isOfOtherPage?: boolean;
}

/**
 * Reads the token: of `Authorization: Bearer`, of Basic as its password, or of the cookie, which counts only without them.
 * @returns `undefined` when there is none
 * @throws GitPubSubError `unauthorized` for an Authorization that is none of these: what is wrong never counts as nothing
 */
export function readToken({
  authorization,
  cookie,
  isOfOtherPage = false,
}: CredentialHeaders): string | undefined {
  const [value] = authorization;
  if (value === undefined) return cookie.map(readTokenCookie).find((token) => token !== undefined);
  // Why: browsers send a password that they remember along with whatever a page makes them send.
  if (isOfOtherPage && authorization.some((one) => /^basic\b/i.test(one)))
    throw new GitPubSubError(
      'unauthorized',
      'A page of another origin may not use a password that the browser remembers; its own token it sends as "Authorization: Bearer <token>".',
    );
  const token = authorization.length === 1 ? (readBearer(value) ?? readBasic(value)) : undefined;
  if (token !== undefined) return token;
  throw new GitPubSubError(
    'unauthorized',
    'The Authorization header is not understood; it must be one, of the form "Bearer <token>", or Basic with the token as the password.',
  );
}

/** Whether a cookie with a token is there. */
export function hasTokenCookie(lines: readonly string[]): boolean {
  return lines.some((line) => readTokenCookie(line) !== undefined);
}

/**
 * A Set-Cookie that keeps a token for so many milliseconds, or until the browser is closed; with `isSecure` it is sent over
 * TLS only.
 */
export function setTokenCookie(
  token: string,
  { lifeMs, isSecure }: { lifeMs: number | undefined; isSecure: boolean },
): string {
  const maxAge = lifeMs === undefined ? '' : `; Max-Age=${Math.max(0, Math.floor(lifeMs / 1000))}`;
  return `${COOKIE}=${encodeURIComponent(token)}; ${COOKIE_ATTRIBUTES}${maxAge}${isSecure ? '; Secure' : ''}`;
}

/** A Set-Cookie that takes it away. */
export function clearTokenCookie(): string {
  return `${COOKIE}=; ${COOKIE_ATTRIBUTES}; Max-Age=0`;
}

function readBearer(value: string): string | undefined {
  return /^bearer +([\x21-\x7e]+) *$/i.exec(value)?.[1];
}

function readBasic(value: string): string | undefined {
  const encoded = /^basic +([\w+/=-]+) *$/i.exec(value)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : text.slice(colon + 1);
}

function readTokenCookie(line: string): string | undefined {
  const pairs = line.split(';').map((pair) => pair.trim());
  const own = pairs.find((pair) => pair.startsWith(`${COOKIE}=`));
  return own === undefined ? undefined : decode(own.slice(COOKIE.length + 1));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

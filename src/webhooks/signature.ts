// How deliveries prove that they come from who knows the secret. Nothing here takes longer the nearer a guess is.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

const SHA256_HEX = /^[0-9a-f]{64}$/i;

/**
 * Whether a header holds the prefix and the HMAC-SHA256 of the body under one of the secrets, in hexadecimal digits. An empty
 * secret is none: everybody knows it.
 */
export function verifyHmac(
  signature: string | undefined,
  prefix: string,
  rawBody: Uint8Array,
  secrets: readonly string[],
): boolean {
  if (signature?.startsWith(prefix) !== true) return false;
  const digits = signature.slice(prefix.length);
  if (!SHA256_HEX.test(digits)) return false;
  const told = Buffer.from(digits, 'hex');
  return matchesAny(secrets, (secret) => {
    return timingSafeEqual(told, createHmac('sha256', secret).update(rawBody).digest());
  });
}

/** Whether a header holds one of the secrets itself. */
export function verifyToken(token: string | undefined, secrets: readonly string[]): boolean {
  if (token === undefined) return false;
  // Why hashes: only values of one length can be compared in constant time, and how long a secret is, is secret too.
  const told = sha256(token);
  return matchesAny(secrets, (secret) => timingSafeEqual(told, sha256(secret)));
}

// Looks at all of them, so that the time does not tell which one was right.
function matchesAny(secrets: readonly string[], matches: (secret: string) => boolean): boolean {
  return secrets.filter((secret) => secret !== '' && matches(secret)).length > 0;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

// Tokens: how one is made, and what is stored of it.
import { createHash, randomBytes } from 'node:crypto';

/** Every token begins so, so that people and scanners for leaked secrets recognise one. */
const PREFIX = 'gitpubsub_';

/** Random bytes in a token: far beyond guessing, so a fast hash of it is enough. */
const RANDOM_BYTES = 32;

/** A new token of visible ASCII. */
export function createToken(): string {
  return PREFIX + randomBytes(RANDOM_BYTES).toString('base64url');
}

/** What an access file holds of a token: its SHA-256 in lower-case hex. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

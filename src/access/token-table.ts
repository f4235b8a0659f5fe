// Finding the principal of a token.
import { timingSafeEqual } from 'node:crypto';
import type { Principal } from './access-rules.ts';
import { hashToken } from './token.ts';

/** A token that is right at the moment. */
export interface KnownToken {
  readonly principal: Principal;
  /** UTC milliseconds. */
  readonly expiresMs: number | undefined;
  /** Names the token without telling it. */
  readonly sha256: string;
}

/** The tokens of all principals. */
export class TokenTable {
  readonly #bySha256 = new Map<string, KnownToken>();

  constructor(principals: readonly Principal[]) {
    for (const principal of principals)
      for (const { sha256, expiresMs } of principal.tokens)
        this.#bySha256.set(sha256, { principal, expiresMs, sha256 });
  }

  /** Whether any expired after the first moment and up to the second one; UTC milliseconds. */
  hasExpiredBetween(afterMs: number, upToMs: number): boolean {
    return [...this.#bySha256.values()].some(
      ({ expiresMs }) => expiresMs !== undefined && expiresMs > afterMs && expiresMs <= upToMs,
    );
  }

  /** Whose token it is; `undefined` if it is nobody's or has expired. */
  find(token: string, nowMs: number): KnownToken | undefined {
    return this.findHash(hashToken(token), nowMs);
  }

  /** As {@link TokenTable.find}, for who has shown the token before. */
  findHash(sha256: string, nowMs: number): KnownToken | undefined {
    // Why a look-up is safe: what its time might tell is about hashes, of which nobody can choose a part. The comparison
    // that decides takes the same time for any hash.
    const known = this.#bySha256.get(sha256);
    if (!known || !timingSafeEqual(Buffer.from(known.sha256), Buffer.from(sha256))) return undefined;
    return known.expiresMs !== undefined && known.expiresMs <= nowMs ? undefined : known;
  }
}

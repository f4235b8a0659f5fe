// How many streams each account has open, against its limits.
import { accountOf } from './account.ts';
import type { Caller } from './caller.ts';
import { TooManyRequestsError } from './too-many-requests.ts';

/** When somebody with too many streams is asked to come again; nobody knows when one of its own will end. Seconds. */
const RETRY_AFTER_SECONDS = 10;

/** Counts open streams. */
export class StreamLimiter {
  readonly #counts = new Map<string, number>();

  /** How many accounts have streams that count. */
  get accountCount(): number {
    return this.#counts.size;
  }

  /**
   * Counts one more stream.
   * @returns what to call when it is over; again changes nothing
   * @throws TooManyRequestsError
   */
  open(caller: Caller): () => void {
    const { limits, principal } = caller;
    // Why principals anyway: their limits may come while their streams are open.
    if (limits?.streams === undefined && principal === undefined) return ignore;
    const account = accountOf(caller);
    const count = this.#counts.get(account) ?? 0;
    if (count >= (limits?.streams ?? Infinity)) throw refuse(caller, account, count);
    this.#counts.set(account, count + 1);
    let isOpen = true;
    return () => {
      if (isOpen) this.#close(account);
      isOpen = false;
    };
  }

  #close(account: string): void {
    const count = (this.#counts.get(account) ?? 0) - 1;
    if (count > 0) this.#counts.set(account, count);
    else this.#counts.delete(account);
  }
}

function refuse({ principal, id }: Caller, account: string, count: number): TooManyRequestsError {
  const mayBeProxy = principal === undefined && id.proxy === undefined;
  const advice = mayBeProxy
    ? ' If it is a proxy, its clients are counted each by itself once it is in trustedProxies and names them in X-Forwarded-For.'
    : '';
  return new TooManyRequestsError(
    `The ${account} has ${count} streams open, and may not have more; close some.${advice}`,
    RETRY_AFTER_SECONDS,
  );
}

function ignore(): void {}

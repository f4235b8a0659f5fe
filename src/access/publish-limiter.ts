// How often and how much each account publishes, against its limits. Accounts without limits cost nothing.
import type { Clock } from '../core/clock.ts';
import { accountOf } from './account.ts';
import type { Caller } from './caller.ts';
import { RateBucket, type Rate } from './rate-bucket.ts';
import { TooManyRequestsError } from './too-many-requests.ts';

/** What a request takes. */
export interface Usage {
  readonly publishes?: number;
  /** Of its body. */
  readonly bytes?: number;
}

type Resource = keyof Usage;

interface Charge {
  readonly resource: Resource;
  readonly amount: number;
  readonly rate: Rate;
}

/** So many accounts are counted each by itself; further addresses together, so that a crowd of them takes no more memory. */
const MAX_ACCOUNTS = 10_000;

const OTHERS = 'others';

/** Counts what is published. */
export class PublishLimiter {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #accounts = new Map<string, Readonly<Record<Resource, RateBucket>>>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** How many accounts are remembered. */
  get accountCount(): number {
    return this.#accounts.size;
  }

  /** Counts a request, or a part of one. @throws TooManyRequestsError, and then it counts nothing */
  take(caller: Caller, usage: Usage): void {
    if (caller.limits === undefined) return;
    const charges = toCharges(caller.limits, usage);
    if (charges.length === 0) return;
    const nowMs = this.#clock.monotonicMs();
    const account = this.#accountOf(caller);
    const buckets = this.#bucketsOf(account);
    const waits = charges.map(({ resource, amount, rate }) => buckets[resource].waitMs(amount, rate, nowMs));
    const waitMs = Math.max(...waits);
    const longest = charges[waits.indexOf(waitMs)];
    if (waitMs > 0 && longest) throw refuse(account, longest, waitMs);
    for (const { resource, amount, rate } of charges) buckets[resource].take(amount, rate, nowMs);
  }

  /** Forgets who has everything again; to be called every second or so. */
  forgetIdle(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [account, { publishes, bytes }] of this.#accounts)
      if (publishes.isFull(nowMs) && bytes.isFull(nowMs)) this.#accounts.delete(account);
  }

  // Why principals anyway: they are no more than the access file has, and no crowd may use up what is theirs.
  #accountOf(caller: Caller): string {
    const account = accountOf(caller);
    const isOwn =
      this.#accounts.size < MAX_ACCOUNTS || this.#accounts.has(account) || caller.principal !== undefined;
    return isOwn ? account : OTHERS;
  }

  #bucketsOf(account: string): Readonly<Record<Resource, RateBucket>> {
    const known = this.#accounts.get(account);
    if (known) return known;
    const buckets = { publishes: new RateBucket(), bytes: new RateBucket() };
    this.#accounts.set(account, buckets);
    return buckets;
  }
}

function toCharges(limits: NonNullable<Caller['limits']>, { publishes, bytes }: Usage): Charge[] {
  const { publishesPerSecond, bytesPerSecond, burstSeconds } = limits;
  const charges: Charge[] = [];
  const add = (resource: Resource, amount: number | undefined, perSecond: number | undefined): void => {
    if (amount !== undefined && perSecond !== undefined)
      charges.push({ resource, amount, rate: { perSecond, burstSeconds } });
  };
  add('publishes', publishes, publishesPerSecond);
  add('bytes', bytes, bytesPerSecond);
  return charges;
}

function refuse(account: string, { resource, rate }: Charge, waitMs: number): TooManyRequestsError {
  const { perSecond, burstSeconds } = rate;
  const seconds = Math.ceil(waitMs / 1000);
  const what = resource === 'publishes' ? `publish ${perSecond} times` : `publish ${perSecond} bytes`;
  return new TooManyRequestsError(
    `The ${account} may ${what} a second, and what that is in ${burstSeconds} seconds at once; try again in ${seconds} seconds.`,
    seconds,
  );
}

// Who was refused for want of a right, and which deliveries of webhooks, in the log: the first of a burst at once, and how
// many more there were at its end.
import type { Clock } from '../core/clock.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';

/** One refusal. Its texts may hold what the client sent, but no credentials. */
export interface Refusal {
  /** The client's address, or `unix`. */
  readonly client: string;
  readonly code: ErrorCode;
  readonly method: string;
  readonly path: string;
  readonly reason: string;
}

interface Burst {
  readonly client: string;
  readonly code: ErrorCode;
  /** Beyond the first one. */
  moreCount: number;
  lastMs: number;
}

/** The refusals that an operator should hear of: of who may not, or may not so much. Others are mistakes of programs. */
const LOGGED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'unauthorized',
  'publish-forbidden',
  'read-forbidden',
  'metrics-forbidden',
  'too-many-requests',
]);

/** Below it lie the webhooks. Of a delivery nobody hears but its sender, and a push may be lost with it. */
const WEBHOOKS = '/-/webhooks/';

/** What of it any stranger gets who tries out paths. */
const GUESSES: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['not-found', 'method-not-allowed']);

/** A burst is over when nothing came for so long. */
const QUIET_MS = 60_000;

/** So many bursts are told apart; what comes beyond them counts together, so that a crowd fills neither memory nor log. */
const MAX_BURSTS = 1_000;

const OTHERS = 'others';

/** Longest text of a client's choice in a line; the rest says nothing more. */
const MAX_CHARACTERS = 500;

/** Logs refusals. */
export class RefusalLog {
  readonly #logger: Logger;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #bursts = new Map<string, Burst>();

  constructor(logger: Logger, clock: Pick<Clock, 'monotonicMs'>) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** How many bursts go on. */
  get burstCount(): number {
    return this.#bursts.size;
  }

  /** Whether refusals with this code are noted where such a path was asked for. */
  takes(code: ErrorCode, path: string): boolean {
    return LOGGED.has(code) || (path.startsWith(WEBHOOKS) && !GUESSES.has(code));
  }

  /** Notes one. */
  note({ code, method, path, reason, client }: Refusal): void {
    const burst = this.#find(client, code);
    if (!burst) return this.#begin({ code, method, path, reason, client });
    burst.moreCount += 1;
    burst.lastMs = this.#clock.monotonicMs();
  }

  /** Ends the bursts that are over; to be called every second or so. */
  tick(): void {
    const endedMs = this.#clock.monotonicMs() - QUIET_MS;
    for (const [key, burst] of this.#bursts) if (burst.lastMs <= endedMs) this.#end(key, burst);
  }

  /** Ends all. */
  close(): void {
    for (const [key, burst] of this.#bursts) this.#end(key, burst);
  }

  #find(client: string, code: ErrorCode): Burst | undefined {
    const burst = this.#bursts.get(keyOf(client, code));
    return burst ?? (this.#isFull() ? this.#bursts.get(keyOf(OTHERS, code)) : undefined);
  }

  #begin({ code, method, path, reason, client }: Refusal): void {
    this.#logger.warn({ client, code, method, path: cut(path), reason: cut(reason) }, 'refused');
    const counted = this.#isFull() ? OTHERS : client;
    const burst = { client: counted, code, moreCount: 0, lastMs: this.#clock.monotonicMs() };
    this.#bursts.set(keyOf(counted, code), burst);
  }

  #end(key: string, { client, code, moreCount }: Burst): void {
    this.#bursts.delete(key);
    if (moreCount > 0) this.#logger.warn({ client, code, more: moreCount }, 'refused more often');
  }

  #isFull(): boolean {
    return this.#bursts.size >= MAX_BURSTS;
  }
}

function keyOf(client: string, code: ErrorCode): string {
  return `${code} ${client}`;
}

function cut(text: string): string {
  return text.slice(0, MAX_CHARACTERS);
}

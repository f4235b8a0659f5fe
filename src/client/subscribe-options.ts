// What a program may say of a subscription, and is told of it.
import type { BackOffOptions } from './back-off.ts';
import type { EndpointOptions } from './endpoint.ts';
import type { Filters } from './subscribe-path.ts';

/** Where a subscription starts, what it wants, and how it behaves. */
export interface SubscribeOptions extends EndpointOptions {
  /** Start after this point; it beats `since`. Neither: only what is published from now on. */
  readonly cursor?: string | undefined;
  /** Start with what was stored at this moment: a Date, or epoch seconds. 0 is everything that is held. */
  readonly since?: Date | number | undefined;
  /** More topics beside the URL's path, each beginning with `/`. */
  readonly topics?: readonly string[] | undefined;
  readonly filters?: Filters | undefined;
  /** End with what there is now instead of waiting for more. Without `cursor` or `since` that is nothing. */
  readonly once?: boolean | undefined;
  /** Ends the loop by throwing its reason, as node's own iterators do. */
  readonly signal?: AbortSignal | undefined;
  /** The broker's interval between keep-alives, where it is known; else 5 seconds, or more where that is learnt. */
  readonly keepAliveMs?: number | undefined;
  /** How long one try to connect may take. Default 20,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Waits between tries: by default up to a second at first, up to 30 after several failures. */
  readonly backOff?: BackOffOptions | undefined;
  /** Failed tries in a row after which it gives up and throws. Default: never. */
  readonly maxRetries?: number | undefined;
  /** Told of every change of the connection, for people to see. What it throws ends the loop. */
  readonly onConnection?: ((change: ConnectionChange) => void) | undefined;
}

/** What has become of the connection. */
export type ConnectionChange =
  | { readonly state: 'connected' }
  | { readonly state: 'waiting'; readonly reason: string; readonly delayMs: number };

// Publishing until it is stored: tries again under the same idempotency key, so that nothing is stored twice. [P9]
import { randomUUID } from 'node:crypto';
import { GitPubSubError } from '../core/errors.ts';
import { isPermanent } from './answer.ts';
import { BackOff, type BackOffOptions } from './back-off.ts';
import { toBrokerUrl } from './broker-url.ts';
import { pause } from './pause.ts';
import {
  Publisher,
  type Publication,
  type PublishFailure,
  type PublisherOptions,
  type Receipt,
} from './publisher.ts';
import { RefusedError } from './refused-error.ts';

/** How long, and how, to go on trying. */
export interface RetryOptions {
  /** How long it tries before it gives up; 0 is one try. Default: one minute. */
  readonly retryForMs?: number | undefined;
  readonly backOff?: BackOffOptions | undefined;
  /** Ends the try, with its reason; what was sent may be stored. */
  readonly signal?: AbortSignal | undefined;
  /** Told of every failure that is followed by another try. */
  readonly onRetry?: ((reason: string, delayMs: number) => void) | undefined;
}

/** How something is published. */
export interface PublishOptions extends PublisherOptions, RetryOptions {
  /** Up to 255 visible ASCII characters. Two publishes under one key are one; by default every call has a key of its own. */
  readonly idempotencyKey?: string | undefined;
}

const RETRY_FOR_MS = 60_000;

// How the broker's sentence about an event of a batch begins. [P8]
const LINE = /^Line (\d+): /;

/**
 * Publishes one value, and resolves when it is stored, exactly once.
 * @throws RefusedError if the broker will never take it
 * @throws TypeError if the value has no JSON text, or the key or a header can't be sent
 * @throws GitPubSubError `broker-unreachable` after the last try: nobody knows then whether it is stored
 */
export function publish(url: string | URL, value: unknown, options?: PublishOptions): Promise<Receipt> {
  return publishBatch(url, [value], options);
}

/** Publishes values in order, all or none; at most 10,000 and 8 MiB. The receipt is the last one's. Throws as {@link publish}. */
export async function publishBatch(
  url: string | URL,
  values: readonly unknown[],
  options: PublishOptions = {},
): Promise<Receipt> {
  const broker = toBrokerUrl(url);
  const publisher = new Publisher(broker, options);
  try {
    const idempotencyKey = options.idempotencyKey ?? randomUUID();
    const publication = { path: broker.pathname + broker.search, events: values.map(toText), idempotencyKey };
    return await publishUntilStored(publisher, publication, options);
  } finally {
    publisher.close();
  }
}

/** Publishes what is JSON text already. Throws as {@link publish}. */
export async function publishUntilStored(
  publisher: Publisher,
  publication: Publication,
  { retryForMs = RETRY_FOR_MS, backOff: waits, signal, onRetry }: RetryOptions = {},
): Promise<Receipt> {
  const endMs = performance.now() + retryForMs;
  const backOff = new BackOff(waits);
  for (;;) {
    signal?.throwIfAborted();
    const outcome = await publisher.publish(publication, signal);
    if (outcome.kind === 'stored') return { cursor: outcome.cursor, timestamp: outcome.timestamp };
    signal?.throwIfAborted();
    const { reason, retryAfterMs } = judge(outcome, publication);
    const delayMs = backOff.nextMs(retryAfterMs);
    if (performance.now() + delayMs > endMs) throw new GitPubSubError('broker-unreachable', reason);
    onRetry?.(reason, delayMs);
    await pause(delayMs, signal);
  }
}

// @throws RefusedError if trying again makes no sense
function judge(
  failure: PublishFailure,
  { events }: Publication,
): { reason: string; retryAfterMs: number | undefined } {
  if (failure.kind === 'unreachable') return { reason: failure.reason, retryAfterMs: undefined };
  const { status, problem, retryAfterMs } = failure;
  const [prefix = '', number] = (problem === undefined ? undefined : LINE.exec(failure.reason)) ?? [];
  // Why: who publishes a single value knows of no lines.
  const sentence = events.length === 1 ? failure.reason.slice(prefix.length) : failure.reason;
  const reason = `${status} ${sentence}`.trim();
  const line = number === undefined ? undefined : Number(number);
  if (status < 300 || isPermanent(status)) throw new RefusedError(reason, status, problem, line);
  return { reason, retryAfterMs };
}

function toText(value: unknown): string {
  const text = JSON.stringify(value, refuseNaN) as string | undefined;
  if (text !== undefined) return text;
  throw new TypeError(`A value of type ${typeof value} has no JSON text.`);
}

// Why: JSON has no such numbers, and null in their place would be another value.
function refuseNaN(key: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isFinite(value)) return value;
  throw new TypeError(`${key === '' ? 'The value' : `"${key}"`} is ${value}, which JSON has no number for.`);
}

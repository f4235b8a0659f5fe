// Publishing over HTTP: one event or one batch a request, over one kept connection. Knows no git; never throws for what a broker does.
import type { IncomingMessage } from 'node:http';
import { GitPubSubError } from '../core/errors.ts';
import {
  describeError,
  isProblemDetails,
  parseObject,
  readProblem,
  readReason,
  readRetryAfterMs,
  readStart,
} from './answer.ts';
import { Endpoint, type EndpointOptions } from './endpoint.ts';

// Longest wait for one publish, connection and answer included; beyond it the broker counts as unreachable. Why so long:
// giving up on a slow broker only makes it do the work again.
const PUBLISH_TIMEOUT_MS = 20_000;

/** What is published with one request. */
export interface Publication {
  /** Percent-encoded; sent as it stands. */
  readonly path: string;
  /** JSON texts in the order they are to be stored, all or none. [P8] */
  readonly events: readonly string[];
  /** Up to 255 visible ASCII characters: a repeat under the same key stores nothing. [P9] */
  readonly idempotencyKey: string;
}

/** What a broker says of events that it has stored. [P4] */
export interface Receipt {
  /** Where they are in the log: a subscription with this cursor starts after the last of them. */
  readonly cursor: string;
  /** When they were stored, epoch seconds. */
  readonly timestamp: number;
}

/** How a publish ended. Of `unreachable` nobody knows whether the broker has stored it. */
export type PublishOutcome = ({ readonly kind: 'stored' } & Receipt) | PublishFailure;

/** Why something was not stored, as far as the publisher can tell. */
export type PublishFailure =
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly reason: string;
      /** The answer is Problem Details, as the broker's are [P26], not those of something in front of it. */
      readonly isProblem: boolean;
      /** Its stable word. */
      readonly problem: string | undefined;
      readonly retryAfterMs: number | undefined;
    }
  | {
      readonly kind: 'unreachable';
      readonly reason: string;
      /** It took too long; otherwise there was no connection, or it was cut. */
      readonly isTimeout: boolean;
    };

/** What a publisher may be told. */
export interface PublisherOptions extends EndpointOptions {
  readonly timeoutMs?: number;
}

/** Publishes events to one broker. Call {@link close} when done: the kept connection keeps the process alive. */
export class Publisher {
  readonly #endpoint: Endpoint;
  readonly #timeoutMs: number;

  /** `broker` gives protocol, host, port and credentials; its path plays no role. */
  constructor(broker: URL, { timeoutMs = PUBLISH_TIMEOUT_MS, ...options }: PublisherOptions = {}) {
    this.#endpoint = new Endpoint(broker, options);
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Publishes, and waits until the broker has stored it. Resolves soon after `signal` as `unreachable`. [P4]
   * @throws TypeError if a header or the path holds what can't be sent
   * @throws GitPubSubError `unreadable-input` if there is to be a token and none can be had
   */
  async publish(publication: Publication, signal?: AbortSignal): Promise<PublishOutcome> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    try {
      const response = await this.#send(publication, signal ? AbortSignal.any([timeout, signal]) : timeout);
      return toOutcome(response, await readStart(response));
    } catch (error) {
      if (error instanceof TypeError || error instanceof GitPubSubError) throw error;
      const isTimeout = timeout.aborted;
      const reason = isTimeout ? `no answer within ${this.#timeoutMs} ms` : describeError(error);
      return { kind: 'unreachable', reason, isTimeout };
    }
  }

  /** Gives up the kept connection. */
  close(): void {
    this.#endpoint.close();
  }

  #send({ path, events, idempotencyKey }: Publication, signal: AbortSignal): Promise<IncomingMessage> {
    const body = Buffer.from(events.map((event) => `${event}\n`).join(''));
    const headers = {
      'Content-Type': 'application/x-ndjson',
      'Content-Length': body.length,
      'Idempotency-Key': idempotencyKey,
    };
    return this.#endpoint.send({ method: 'POST', path, headers, body, signal });
  }
}

function toOutcome(response: IncomingMessage, answer: string): PublishOutcome {
  const { statusCode: status = 0 } = response;
  const receipt = status === 200 ? readReceipt(answer) : undefined;
  if (receipt !== undefined) return { kind: 'stored', ...receipt };
  return {
    kind: 'refused',
    status,
    reason: status === 200 ? 'This is no answer of a GitPubSub broker.' : readReason(answer),
    isProblem: isProblemDetails(response),
    problem: readProblem(response, answer),
    retryAfterMs: readRetryAfterMs(response),
  };
}

// Why: another web server on that port may answer 200 to everything.
function readReceipt(answer: string): Receipt | undefined {
  const { cursor, timestamp } = parseObject(answer) ?? {};
  return typeof cursor === 'string' && typeof timestamp === 'number' ? { cursor, timestamp } : undefined;
}

// Publishing over HTTP: one event or one batch a request, over one kept connection. Knows no git; never throws for what a broker does.
import * as http from 'node:http';
import * as https from 'node:https';
import { urlToHttpOptions } from 'node:url';

// Longest wait for one publish, connection and answer included; beyond it the broker counts as unreachable. Why so long:
// giving up on a slow broker only makes it do the work again.
const PUBLISH_TIMEOUT_MS = 20_000;

// What is read of an answer: enough for a Problem Details body, harmless for our memory.
const MAX_ANSWER_BYTES = 16 * 1024;

// What is shown of an answer that is not Problem Details, so that a message stays one line.
const MAX_REASON_CHARACTERS = 200;

/** What is published with one request. */
export interface Publication {
  /** Percent-encoded; sent as it stands. */
  readonly path: string;
  /** JSON texts in the order they are to be stored, all or none. [P8] */
  readonly events: readonly string[];
  /** Up to 255 visible ASCII characters: a repeat under the same key stores nothing. [P9] */
  readonly idempotencyKey: string;
}

/** How a publish ended. Of `unreachable` nobody knows whether the broker has stored it. */
export type PublishOutcome = { readonly kind: 'stored' } | PublishFailure;

/** Why something was not stored, as far as the publisher can tell. */
export type PublishFailure =
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly reason: string;
      /** The answer is Problem Details, as the broker's are [P26], not those of something in front of it. */
      readonly isProblem: boolean;
      readonly retryAfterMs: number | undefined;
    }
  | {
      readonly kind: 'unreachable';
      readonly reason: string;
      /** It took too long; otherwise there was no connection, or it was cut. */
      readonly isTimeout: boolean;
    };

/** What a publisher may be told. */
export interface PublisherOptions {
  readonly timeoutMs?: number;
}

/** Publishes events to one broker. Call {@link close} when done: the kept connection keeps the process alive. */
export class Publisher {
  readonly #request: typeof http.request;
  readonly #agent: http.Agent;
  readonly #target: http.RequestOptions;
  readonly #timeoutMs: number;

  /** `broker` gives protocol, host, port and credentials; its path plays no role. */
  constructor(broker: URL, options: PublisherOptions = {}) {
    const { Agent, request } = broker.protocol === 'https:' ? https : http;
    this.#request = request;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1 });
    this.#target = urlToHttpOptions(broker);
    this.#timeoutMs = options.timeoutMs ?? PUBLISH_TIMEOUT_MS;
  }

  /** Publishes, and waits until the broker has stored it. Resolves always. [P4] */
  async publish(publication: Publication): Promise<PublishOutcome> {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      const response = await this.#send(publication, signal);
      return toOutcome(response, await readStart(response));
    } catch (error) {
      const isTimeout = signal.aborted;
      const reason = isTimeout ? `no answer within ${this.#timeoutMs} ms` : describeError(error);
      return { kind: 'unreachable', reason, isTimeout };
    }
  }

  /** Gives up the kept connection. */
  close(): void {
    this.#agent.destroy();
  }

  #send({ path, events, idempotencyKey }: Publication, signal: AbortSignal): Promise<http.IncomingMessage> {
    const body = Buffer.from(events.map((event) => `${event}\n`).join(''));
    const headers = {
      'Content-Type': 'application/x-ndjson',
      'Content-Length': body.length,
      'Idempotency-Key': idempotencyKey,
    };
    return new Promise((resolve, reject) => {
      // Why: `path` beside the URL's parts, because a URL would take `.` and `..` out of it.
      const options = { ...this.#target, path, headers, signal, method: 'POST', agent: this.#agent };
      this.#request(options, resolve).on('error', reject).end(body);
    });
  }
}

function toOutcome(response: http.IncomingMessage, answer: string): PublishOutcome {
  const { statusCode: status = 0, headers } = response;
  if (status === 200 && isReceipt(answer)) return { kind: 'stored' };
  return {
    kind: 'refused',
    status,
    reason: status === 200 ? 'This is no answer of a GitPubSub broker.' : readReason(answer),
    isProblem: headers['content-type']?.startsWith('application/problem+json') ?? false,
    retryAfterMs: parseRetryAfter(headers['retry-after']),
  };
}

// Why: another web server on that port may answer 200 to everything.
function isReceipt(answer: string): boolean {
  const receipt = parseJson(answer);
  return isObject(receipt) && typeof receipt['cursor'] === 'string';
}

// Seconds or a date. Source: RFC 9110 §10.2.3
function parseRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

async function readStart(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (length < MAX_ANSWER_BYTES) chunks.push(chunk);
    length += chunk.length;
  }
  return Buffer.concat(chunks).toString();
}

// The sentence of a Problem Details answer [P26], or the beginning of any other.
function readReason(answer: string): string {
  const problem = parseJson(answer);
  const sentences = isObject(problem) ? [problem['detail'], problem['title']] : [];
  const sentence = sentences.find((member) => typeof member === 'string') ?? answer;
  return sentence
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, MAX_REASON_CHARACTERS);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

// Why the code: with several addresses to try, node's error has no message of its own.
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : error.name;
  return error.message === '' ? code : error.message;
}

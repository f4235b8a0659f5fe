// Publishing over HTTP: one event a request, over one kept connection. Knows no git; never throws for what a broker does.
import * as http from 'node:http';
import * as https from 'node:https';
import { urlToHttpOptions } from 'node:url';

// Longest wait for one publish, connection and answer included; beyond it the broker counts as unreachable.
const PUBLISH_TIMEOUT_MS = 5_000;

// What is read of an answer: enough for a Problem Details body, harmless for our memory.
const MAX_ANSWER_BYTES = 16 * 1024;

// What is shown of an answer that is not Problem Details, so that a message stays one line.
const MAX_REASON_CHARACTERS = 200;

/** How a publish ended. Of `unreachable` nobody knows whether the broker has stored it. */
export type PublishOutcome =
  | { readonly kind: 'stored' }
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }
  | { readonly kind: 'unreachable'; readonly reason: string };

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

  /** Publishes one JSON text; `path` is percent-encoded and sent as it stands. Resolves always. [P4] */
  async publish(path: string, json: string): Promise<PublishOutcome> {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      const response = await this.#send(path, Buffer.from(json), signal);
      return toOutcome(response.statusCode ?? 0, await readStart(response));
    } catch (error) {
      if (signal.aborted) return { kind: 'unreachable', reason: `no answer within ${this.#timeoutMs} ms` };
      return { kind: 'unreachable', reason: describeError(error) };
    }
  }

  /** Gives up the kept connection. */
  close(): void {
    this.#agent.destroy();
  }

  #send(path: string, body: Buffer, signal: AbortSignal): Promise<http.IncomingMessage> {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
    return new Promise((resolve, reject) => {
      // Why: `path` beside the URL's parts, because a URL would take `.` and `..` out of it.
      const options = { ...this.#target, path, headers, signal, method: 'POST', agent: this.#agent };
      this.#request(options, resolve).on('error', reject).end(body);
    });
  }
}

function toOutcome(status: number, answer: string): PublishOutcome {
  if (status >= 200 && status < 300) return { kind: 'stored' };
  return { kind: 'refused', status, reason: readReason(answer) };
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

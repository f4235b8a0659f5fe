// Requests to one broker, and the connection that is kept for them. Only what node has built in, and no fetch: it would
// hide when a chunk arrives, and follow redirects.
import * as http from 'node:http';
import * as https from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { hasCredentials } from './broker-url.ts';
import { currentToken, type Token } from './token.ts';

/** How a broker is reached, beside its URL. */
export interface EndpointOptions {
  /** Sent with every request, unless the URL has a user or password of its own, or `headers` an `Authorization`. */
  readonly token?: Token | undefined;
  /** Sent with every request; also the place for an `Authorization` that a proxy wants. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Path of a Unix domain socket to connect to instead of the URL's host and port. */
  readonly socketPath?: string;
}

/** One request. */
export interface EndpointRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** Percent-encoded, with its query; sent as it stands. */
  readonly path: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: Buffer;
  /** Ends the request, its answer included. */
  readonly signal?: AbortSignal | undefined;
  /** Longest wait for the head of the answer, connecting included. */
  readonly headTimeoutMs?: number;
}

/** Sends requests to one broker over one connection. Call {@link close} when done: a kept connection keeps the process alive. */
export class Endpoint {
  readonly #request: typeof http.request;
  readonly #agent: http.Agent;
  readonly #target: http.RequestOptions;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #token: Token | undefined;

  /** `broker` gives protocol, host, port and credentials; its path plays no role. */
  constructor(broker: URL, { headers = {}, socketPath, token }: EndpointOptions = {}) {
    const { Agent, request } = broker.protocol === 'https:' ? https : http;
    this.#request = request;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1 });
    this.#target = { ...urlToHttpOptions(broker), ...(socketPath === undefined ? {} : { socketPath }) };
    this.#headers = headers;
    // Why not the token: credentials are for this very host, and a token may be there for many.
    this.#token = hasCredentials(broker) || hasAuthorization(headers) ? undefined : token;
  }

  /**
   * Resolves with the head of the answer. @throws Error if the connection or the wait for the head fails
   * @throws GitPubSubError `unreadable-input` if there is to be a token and none can be had
   */
  async send({ path, body, headTimeoutMs, ...request }: EndpointRequest): Promise<http.IncomingMessage> {
    const { method, signal } = request;
    const headers = { ...this.#headers, ...(await this.#authorization()), ...request.headers };
    return new Promise((resolve, reject) => {
      // Why: `path` beside the URL's parts, because a URL would take `.` and `..` out of it.
      const options = { ...this.#target, method, path, headers, agent: this.#agent };
      const sent = this.#request(signal === undefined ? options : { ...options, signal });
      const timer = headTimeoutMs === undefined ? undefined : setTimeout(giveUp, headTimeoutMs);
      function giveUp(): void {
        sent.destroy(new Error(`no answer within ${headTimeoutMs} ms`));
      }
      sent.once('response', resolve).on('error', reject);
      sent.once('response', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
      sent.end(body);
    });
  }

  /** Gives up the kept connection. */
  close(): void {
    this.#agent.destroy();
  }

  async #authorization(): Promise<http.OutgoingHttpHeaders> {
    if (this.#token === undefined) return {};
    return { Authorization: `Bearer ${await currentToken(this.#token)}` };
  }
}

function hasAuthorization(headers: Readonly<Record<string, string>>): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
}

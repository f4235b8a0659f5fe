// The broker's numbers, which HEAD gives to trusted peers. [P24]
import type { IncomingMessage } from 'node:http';
import { GitPubSubError } from '../core/errors.ts';
import { describeError, isPermanent } from './answer.ts';
import { toBrokerUrl } from './broker-url.ts';
import { Endpoint, type EndpointOptions, type EndpointRequest } from './endpoint.ts';
import { readRefusal, RefusedError } from './refused-error.ts';

/** What a broker says of itself. All but `server` is missing for peers that are not in its `trustedPeers`. */
export interface BrokerStatistics {
  /** Name and version, such as `GitPubSub/0.1.0`; a proxy may put its own there. */
  readonly server?: string;
  readonly uptimeSeconds?: number;
  readonly openConnections?: number;
  readonly subscribers?: number;
  /** Since the broker's start, as are the next two. */
  readonly totalConnections?: number;
  /** Payloads alone, without white space and HTTP. */
  readonly receivedBytes?: number;
  readonly sentBytes?: number;
}

/** How to ask for them. */
export interface StatisticsOptions extends EndpointOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default 20,000. */
  readonly timeoutMs?: number | undefined;
}

const TIMEOUT_MS = 20_000;

const HEADERS = {
  uptimeSeconds: 'x-uptime',
  openConnections: 'x-connections',
  subscribers: 'x-subscribers',
  totalConnections: 'x-total-connections',
  receivedBytes: 'x-received',
  sentBytes: 'x-sent',
} as const;

/** Asks once. @throws RefusedError, or GitPubSubError `broker-unreachable` */
export async function readStatistics(
  url: string | URL,
  { signal, timeoutMs = TIMEOUT_MS, ...options }: StatisticsOptions = {},
): Promise<BrokerStatistics> {
  const broker = toBrokerUrl(url);
  const endpoint = new Endpoint(broker, options);
  try {
    const request = { path: broker.pathname + broker.search, signal, headTimeoutMs: timeoutMs };
    const response = await endpoint.send({ ...request, method: 'HEAD' });
    const { statusCode: status = 0, headers } = response;
    if (isPermanent(status)) throw await explainRefusal(endpoint, request, response);
    if (status !== 200) throw new Error(`the answer is ${status}`);
    response.resume();
    const { server } = headers;
    const numbers = Object.entries(HEADERS).map(([name, header]) => [name, Number(headers[header])] as const);
    const known = Object.fromEntries(numbers.filter(([, number]) => !Number.isNaN(number)));
    if (known['uptimeSeconds'] === undefined)
      await requireBroker(endpoint, { ...request, path: broker.pathname }, server);
    return typeof server === 'string' ? { server, ...known } : known;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof GitPubSubError) throw error;
    throw new GitPubSubError('broker-unreachable', `${broker.origin}: ${describeError(error)}`);
  } finally {
    endpoint.close();
  }
}

// Without numbers HEAD looks as it does on any web server. Why not by its name alone: a proxy may put its own there.
async function requireBroker(
  endpoint: Endpoint,
  { path, ...request }: Omit<EndpointRequest, 'method'>,
  server: unknown,
): Promise<void> {
  if (typeof server === 'string' && server.startsWith('GitPubSub')) return;
  const response = await endpoint.send({ ...request, method: 'GET', path: `${path}?poll=1` });
  const { statusCode: status = 0, headers } = response;
  response.destroy();
  if (status >= 500) throw new Error(`the answer is ${status}`);
  if (headers['x-cursor'] === undefined)
    throw new RefusedError('This is no answer of a GitPubSub broker.', status);
}

// An answer to HEAD has no body, so the reason is asked for by GET; a redirect stands in the head.
async function explainRefusal(
  endpoint: Endpoint,
  request: Omit<EndpointRequest, 'method'>,
  refused: IncomingMessage,
): Promise<RefusedError> {
  const refusal = await readRefusal(refused);
  if (refused.headers.location !== undefined) return refusal;
  const response = await endpoint.send({ ...request, method: 'GET' });
  if (response.statusCode === refusal.status) return readRefusal(response);
  response.destroy();
  return refusal;
}

// The listening side: the library's app, its sockets and their count, and stopping. The one place that opens a port.
import { App, us_listen_socket_close, us_socket_local_port } from 'uWebSockets.js';
import type {
  HttpRequest,
  HttpResponse,
  ListenOptions,
  TemplatedApp,
  us_listen_socket,
} from 'uWebSockets.js';
import type { AccessPolicy } from '../access/access-policy.ts';
import type { Broker } from '../broker/broker.ts';
import type { Clock } from '../core/clock.ts';
import { GitPubSubError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { isAdmitted } from './admission.ts';
import { mayReadOn } from './caller.ts';
import { BodyBudget, MAX_BODIES_BYTES } from './body.ts';
import type { HttpContext } from './context.ts';
import { Exchange, type HeaderList } from './exchange.ts';
import { createEncoders } from './formats.ts';
import type { Page } from './page.ts';
import { RequestHead } from './request-head.ts';
import { createRefuse, route } from './router.ts';
import { readSocketPeer } from './socket-peer.ts';
import { StreamSink } from './stream-sink.ts';
import { HttpStatistics, type MetricsText } from './statistics.ts';
import { finishUnixSocket, freeUnixSocketPath, removeUnixSocket } from './unix-socket.ts';

/** Where to listen. */
export type ListenAddress =
  { readonly host: string; readonly port: number } | { readonly socketPath: string };

/** What the server is made of and how it is set. */
export interface HttpServerOptions {
  readonly broker: Broker;
  readonly accessPolicy: AccessPolicy;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly corsOrigins: readonly string[];
  readonly maxEventBytes: number;
  readonly maxBatchBytes: number;
  readonly maxConnections: number;
  readonly version: string;
  readonly readMetrics: () => Promise<MetricsText>;
  readonly page: Page;
}

// The library's types know neither this call nor the value by name (LIBUS_LISTEN_EXCLUSIVE_PORT).
type ListenOnHost = (
  this: TemplatedApp,
  host: string,
  port: number,
  options: ListenOptions,
  done: (token: us_listen_socket | false) => void,
) => TemplatedApp;
const EXCLUSIVE_PORT = 1 as ListenOptions;

/** An HTTP/1.1 server; made, then listening once, then closed. */
export class HttpServer {
  readonly #app: TemplatedApp;
  readonly #context: HttpContext;
  readonly #commonHeaders: HeaderList;
  readonly #maxConnections: number;
  #listenToken: us_listen_socket | undefined;
  #socketPath: string | undefined;
  #isUnix = false;
  /** Up to when expired tokens were looked for, UTC milliseconds. */
  #expiryCheckedMs = 0;

  constructor(options: HttpServerOptions) {
    const { broker, accessPolicy, clock, logger, corsOrigins, maxEventBytes, maxBatchBytes } = options;
    this.#maxConnections = options.maxConnections;
    const statistics = new HttpStatistics(clock.monotonicMs());
    this.#commonHeaders = [['Server', `GitPubSub/${options.version}`]]; // [P24]
    this.#context = {
      broker,
      accessPolicy,
      clock,
      corsOrigins,
      maxEventBytes,
      maxBatchBytes,
      statistics,
      bodyBudget: new BodyBudget(MAX_BODIES_BYTES),
      encoders: createEncoders((offset) => broker.cursorAt(offset)),
      readMetrics: options.readMetrics,
      refuse: createRefuse(corsOrigins, logger, statistics),
      page: options.page,
    };
    this.#app = App();
    this.#app.filter((response, change) => this.#countConnection(response, change));
    this.#app.any('/*', (response, request) => this.#handle(response, request));
  }

  /** What was counted since start. */
  get statistics(): HttpStatistics {
    return this.#context.statistics;
  }

  /** Bytes of bodies that are coming in or wait for the disk. */
  get bodyBytes(): number {
    return this.#context.bodyBudget.takenBytes;
  }

  /**
   * Begins to listen. @returns the address as text, with the port that was taken
   * @throws GitPubSubError `cannot-start`
   */
  async listen(address: ListenAddress): Promise<string> {
    return 'socketPath' in address
      ? this.#listenUnix(address.socketPath)
      : this.#listenTcp(address.host, address.port);
  }

  /** Ends the streams of those whose token has expired; to be called every second or so. */
  endExpired(): void {
    const { accessPolicy, clock } = this.#context;
    const nowMs = clock.nowMs();
    // Why not every time: looking at all streams takes a while when they are many.
    if (accessPolicy.hasExpiredBetween(this.#expiryCheckedMs, nowMs)) this.#endWithdrawn();
    this.#expiryCheckedMs = nowMs;
  }

  /** Takes no new connections; open ones go on. Calling it again changes nothing. */
  stopListening(): void {
    // Measured: closing the same token twice is a segmentation fault.
    if (this.#listenToken) us_listen_socket_close(this.#listenToken);
    this.#listenToken = undefined;
    if (this.#socketPath !== undefined) removeUnixSocket(this.#socketPath);
    this.#socketPath = undefined;
  }

  /** Closes every connection at once, whatever waits to be sent. */
  close(): void {
    this.stopListening();
    this.#app.close();
  }

  async #listenTcp(host: string, port: number): Promise<string> {
    const token = await new Promise<us_listen_socket | false>((resolve) => {
      // Why exclusive: a second process would otherwise share the port in silence.
      (this.#app.listen as unknown as ListenOnHost).call(this.#app, host, port, EXCLUSIVE_PORT, resolve);
    });
    const where = `${host.includes(':') ? `[${host}]` : host}:`;
    if (!token) {
      throw new GitPubSubError(
        'cannot-start',
        `Cannot listen on ${where}${port}: the port is taken, needs more rights, or the address is not one of this machine's.`,
      );
    }
    this.#listenToken = token;
    return `http://${where}${us_socket_local_port(token)}`;
  }

  async #listenUnix(path: string): Promise<string> {
    await freeUnixSocketPath(path);
    const token = await new Promise<us_listen_socket | false>((resolve) =>
      this.#app.listen_unix(resolve, path),
    );
    if (!token) {
      throw new GitPubSubError(
        'cannot-start',
        `Cannot listen on ${path}: is its directory there, and writable?`,
      );
    }
    this.#listenToken = token;
    this.#socketPath = path;
    this.#isUnix = true;
    finishUnixSocket(path);
    return `unix:${path}`;
  }

  #endWithdrawn(): void {
    const { accessPolicy, broker } = this.#context;
    broker.cutUnless(
      (selection, sink) => !(sink instanceof StreamSink) || mayReadOn(accessPolicy, selection, sink.readerId),
    );
  }

  // Whoever comes when the house is full is closed. [P26]
  #countConnection(response: HttpResponse, change: number): void {
    const statistics = this.#context.statistics;
    statistics.openConnections += change;
    if (change < 0) return;
    statistics.totalConnections += 1;
    // By the socket alone: there is no request yet.
    const mayPublish = (): boolean =>
      this.#context.accessPolicy.mayPublishFrom(readSocketPeer(response, this.#isUnix).address);
    if (!isAdmitted(statistics.openConnections, this.#maxConnections, mayPublish)) response.close();
  }

  #handle(response: HttpResponse, request: HttpRequest): void {
    const head = new RequestHead(request);
    const exchange = new Exchange(response, {
      commonHeaders: this.#commonHeaders,
      isHead: head.method === 'HEAD',
      hasBody: head.hasBody,
    });
    route(this.#context, exchange, head, readSocketPeer(response, this.#isUnix));
  }
}

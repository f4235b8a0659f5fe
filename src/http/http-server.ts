// The listening side: the library's app, its sockets and their count, and stopping. The one place that opens a port.
import { App, us_listen_socket_close, us_socket_local_port } from 'uWebSockets.js';
import type { HttpRequest, HttpResponse, TemplatedApp, us_listen_socket } from 'uWebSockets.js';
import { PublishLimiter } from '../access/publish-limiter.ts';
import { StreamLimiter } from '../access/stream-limiter.ts';
import type { Broker } from '../broker/broker.ts';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import { isAdmitted } from './admission.ts';
import { createSelectAgain, findClient } from './caller.ts';
import {
  BodyBudget,
  MAX_BODIES_BYTES,
  MAX_DELIVERIES_BYTES,
  MAX_SENDER_DELIVERIES_BYTES,
  SenderBudgets,
} from './body-budget.ts';
import type { HttpContext, HttpSettings } from './context.ts';
import { Exchange, type HeaderList } from './exchange.ts';
import { createEncoders } from './formats.ts';
import { formatHost, listenOnPort, listenOnSocket } from './listen.ts';
import type { Page } from './page.ts';
import { RefusalLog } from './refusal-log.ts';
import { RequestHead } from './request-head.ts';
import { createRefuse, route } from './router.ts';
import { readSocketPeer } from './socket-peer.ts';
import { StreamSink } from './stream-sink.ts';
import { HttpStatistics, type MetricsText } from './statistics.ts';
import { TlsFront, type TlsFiles } from './tls-front.ts';
import { removeUnixSocket } from './unix-socket.ts';

/** Where to listen. */
export type ListenAddress =
  { readonly host: string; readonly port: number } | { readonly socketPath: string };

/** What the server is made of and how it is set. */
export interface HttpServerOptions extends HttpSettings {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `undefined` without TLS. */
  readonly tls: TlsFiles | undefined;
  readonly version: string;
  readonly readMetrics: () => Promise<MetricsText>;
  readonly page: Page;
}

/** An HTTP/1.1 server; made, then listening once, then closed. */
export class HttpServer {
  readonly #app: TemplatedApp;
  readonly #tlsFront: TlsFront | undefined;
  readonly #context: HttpContext;
  readonly #commonHeaders: HeaderList;
  #listenToken: us_listen_socket | undefined;
  #socketPath: string | undefined;
  #isUnix = false;
  /** Up to when expired tokens were looked for, UTC milliseconds. */
  #expiryCheckedMs = 0;

  /** @throws GitPubSubError `invalid-configuration` for a certificate that the library refuses */
  constructor(options: HttpServerOptions) {
    const { broker, clock, logger, tls, version, ...others } = options;
    const statistics = new HttpStatistics(clock.monotonicMs());
    this.#commonHeaders = [['Server', `GitPubSub/${version}`]]; // [P24]
    const refusalLog = new RefusalLog(logger, clock);
    this.#context = {
      ...others,
      broker,
      publishLimiter: new PublishLimiter(clock),
      streamLimiter: new StreamLimiter(),
      clock,
      statistics,
      isTls: tls !== undefined,
      bodyBudget: new BodyBudget(MAX_BODIES_BYTES),
      deliveryBudgets: new SenderBudgets(MAX_DELIVERIES_BYTES, MAX_SENDER_DELIVERIES_BYTES),
      refusalLog,
      encoders: createEncoders((offset) => broker.cursorAt(offset)),
      refuse: createRefuse({
        readOrigins: () => this.#context.corsOrigins,
        logger,
        statistics,
        refusalLog,
        findClient: (head, peer) => findClient(this.#context.accessPolicy, head, peer),
      }),
    };
    const setUp = (app: TemplatedApp): void => {
      app.filter((response, change) => this.#countConnection(response, change));
      app.any('/*', (response, request) => this.#handle(response, request));
    };
    this.#tlsFront = tls && new TlsFront(tls, setUp);
    this.#app = this.#tlsFront?.listener ?? App();
    if (!this.#tlsFront) setUp(this.#app);
  }

  /** What was counted since start. */
  get statistics(): HttpStatistics {
    return this.#context.statistics;
  }

  /** Bytes of bodies that are coming in or wait for the disk. */
  get bodyBytes(): number {
    const { bodyBudget, deliveryBudgets } = this.#context;
    return bodyBudget.takenBytes + deliveryBudgets.takenBytes;
  }

  /**
   * Begins to listen. @returns the address as text, with the port that was taken
   * @throws GitPubSubError `cannot-start`
   */
  async listen(address: ListenAddress): Promise<string> {
    if ('socketPath' in address) {
      this.#isUnix = true;
      this.#listenToken = await listenOnSocket(this.#app, address.socketPath);
      this.#socketPath = address.socketPath;
      return `unix:${address.socketPath}`;
    }
    const { host, port } = address;
    this.#listenToken = await listenOnPort(this.#app, host, port);
    const scheme = this.#tlsFront ? 'https' : 'http';
    return `${scheme}://${formatHost(host)}:${us_socket_local_port(this.#listenToken)}`;
  }

  /** Ends the streams of those whose token has expired, and tidies up what is counted; to be called every second or so. */
  tick(): void {
    this.#endExpired();
    this.#context.publishLimiter.forgetIdle();
    this.#context.refusalLog.tick();
  }

  /**
   * Goes on with other settings, and with another certificate where there is TLS; ends the streams of those who may no
   * longer read what they do.
   * @throws GitPubSubError `invalid-configuration` for a certificate that the library refuses; then nothing has changed
   */
  configure(settings: HttpSettings, tls: TlsFiles | undefined): void {
    if (tls) this.#tlsFront?.use(tls);
    Object.assign(this.#context, settings);
    this.#reviewStreams();
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
    (this.#tlsFront ?? this.#app).close();
    this.#context.refusalLog.close();
  }

  #endExpired(): void {
    const { accessPolicy, clock } = this.#context;
    const nowMs = clock.nowMs();
    // Why not every time: looking at all streams takes a while when they are many.
    if (accessPolicy.hasExpiredBetween(this.#expiryCheckedMs, nowMs)) this.#reviewStreams();
    this.#expiryCheckedMs = nowMs;
  }

  #reviewStreams(): void {
    const { accessPolicy, broker } = this.#context;
    const selectAgain = createSelectAgain(accessPolicy);
    broker.reviewStreams((selection, sink) => {
      if (!(sink instanceof StreamSink)) return selection;
      return this.#hasLostOrigin(sink) ? undefined : selectAgain(selection, sink.readerId);
    });
  }

  // A page whose origin was listed when it came may read only as long as it is.
  #hasLostOrigin({ readerId, origin }: StreamSink): boolean {
    const wasListed = origin !== undefined && readerId.foreignOrigin === undefined;
    return wasListed && !this.#context.corsOrigins.includes(origin);
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
    if (!isAdmitted(statistics.openConnections, this.#context.maxConnections, mayPublish)) response.close();
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

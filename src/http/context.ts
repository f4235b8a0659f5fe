// What every handler is given.
import type { AccessPolicy } from '../access/access-policy.ts';
import type { PublishLimiter } from '../access/publish-limiter.ts';
import type { StreamLimiter } from '../access/stream-limiter.ts';
import type { Broker } from '../broker/broker.ts';
import type { Clock } from '../core/clock.ts';
import type { BodyBudget, SenderBudgets } from './body-budget.ts';
import type { Exchange } from './exchange.ts';
import type { Encoders } from './formats.ts';
import type { Page } from './page.ts';
import type { RefusalLog } from './refusal-log.ts';
import type { RequestHead } from './request-head.ts';
import type { SocketPeer } from './socket-peer.ts';
import type { HttpStatistics, MetricsText } from './statistics.ts';

/** What may change while the server runs. A handler that waits may find another value afterwards. */
export interface HttpSettings {
  readonly accessPolicy: AccessPolicy;
  readonly corsOrigins: readonly string[];
  readonly maxEventBytes: number;
  readonly maxBatchBytes: number;
  readonly maxConnections: number;
}

/** The parts of one HTTP server that its handlers share. */
export interface HttpContext extends HttpSettings {
  readonly broker: Broker;
  readonly publishLimiter: PublishLimiter;
  readonly streamLimiter: StreamLimiter;
  /** Whether clients come by TLS. */
  readonly isTls: boolean;
  readonly clock: Clock;
  readonly statistics: HttpStatistics;
  readonly bodyBudget: BodyBudget;
  /** Of deliveries of webhooks, which anybody may send. */
  readonly deliveryBudgets: SenderBudgets;
  readonly refusalLog: RefusalLog;
  readonly encoders: Encoders;
  readonly readMetrics: () => Promise<MetricsText>;
  readonly page: Page;
  /** Answers with what went wrong and logs what is worth it; `peer` is the other end of the socket. */
  refuse(exchange: Exchange, head: RequestHead, error: unknown, peer: SocketPeer): void;
}

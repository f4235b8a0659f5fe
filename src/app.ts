// The composition root: builds the objects from a configuration, starts them in order and stops them in reverse.
import { setTimeout as sleep } from 'node:timers/promises';
import { AccessPolicy } from './access/access-policy.ts';
import { Broker, TICK_MS } from './broker/broker.ts';
import type { Config } from './config/load-config.ts';
import { SteadyClock, SYSTEM_CLOCK } from './core/clock.ts';
import { GitPubSubError } from './core/errors.ts';
import type { Logger } from './core/logger.ts';
import type { EventLog } from './eventlog/event-log.ts';
import { openSqliteEventLog } from './eventlog/sqlite/sqlite-event-log.ts';
import type { HttpServer, ListenAddress } from './http/http-server.ts';
import type { readPage } from './http/page.ts';
import { Metrics } from './metrics.ts';
import { readVersion } from './version.ts';

/** A running broker. */
export interface App {
  /** Where it listens: `http://127.0.0.1:2069` or `unix:/run/gitpubsub.sock`. */
  readonly address: string;
  /** Stops as SIGTERM does: answers what was begun, ends the streams, closes the log; within 10 s. [P27] */
  stop(): Promise<void>;
}

/** How long streams that don't drain are waited for, in milliseconds; leaves room for the rest within the 10 s of P27. */
const DRAIN_DEADLINE_MS = 5_000;

/** How long the last bytes of answers and streams get to leave the process, in milliseconds. */
const FLUSH_MS = 200;

const HOUR_MS = 3_600_000;

/**
 * Starts a broker.
 * @throws GitPubSubError `cannot-start`
 */
export async function startApp(config: Config, logger: Logger): Promise<App> {
  const { HttpServer, readPage, connectionCapacity } = await loadHttp();
  const page = readPage(new URL('page/', import.meta.url));
  const steadyClock = new SteadyClock(SYSTEM_CLOCK);
  const eventLog = openSqliteEventLog({
    path: config.database,
    durability: config.durability,
    clock: SYSTEM_CLOCK,
    steadyClock,
  });
  try {
    const metrics = new Metrics();
    const broker = createBroker(config, eventLog, steadyClock, logger, metrics);
    const maxConnections = boundConnections(config.maxConnections, connectionCapacity(), logger);
    const server = new HttpServer({
      broker,
      accessPolicy: new AccessPolicy(config, SYSTEM_CLOCK),
      clock: SYSTEM_CLOCK,
      logger,
      corsOrigins: config.corsOrigins,
      maxEventBytes: config.maxEventBytes,
      maxBatchBytes: config.maxBatchBytes,
      maxConnections,
      version: readVersion(),
      readMetrics: metrics.read,
      page,
    });
    metrics.watch({ broker, server, eventLog, database: config.database });
    const address = await server.listen(listenAddress(config));
    const timer = setInterval(() => {
      broker.tick();
      server.endExpired();
    }, tickMs(config));
    logger.info({ address, database: config.database, events: heldCount(eventLog) }, 'listening');
    return { address, stop: () => stop({ server, broker, eventLog, timer }) };
  } catch (error) {
    await eventLog.close();
    throw error;
  }
}

function createBroker(
  config: Config,
  eventLog: EventLog,
  steadyClock: SteadyClock,
  logger: Logger,
  metrics: Metrics,
): Broker {
  const { retentionHours, retentionEvents, retentionBytes } = config;
  return new Broker({
    eventLog,
    clock: SYSTEM_CLOCK,
    steadyClock,
    logger,
    keepAliveMs: config.keepAliveSeconds * 1000,
    stallMs: config.stallSeconds * 1000,
    observeFanOut: metrics.observeFanOut,
    retention: {
      maxAgeMs: retentionHours === undefined ? undefined : retentionHours * HOUR_MS,
      maxEvents: retentionEvents,
      maxBytes: retentionBytes,
    },
  });
}

async function stop(parts: {
  server: HttpServer;
  broker: Broker;
  eventLog: EventLog;
  timer: NodeJS.Timeout;
}): Promise<void> {
  const { server, broker, eventLog, timer } = parts;
  server.stopListening();
  // Why ref: false: the process must not outlive its work for the sake of this timer.
  await Promise.race([broker.drain(), sleep(DRAIN_DEADLINE_MS, undefined, { ref: false })]);
  clearInterval(timer);
  broker.cutAll();
  await sleep(FLUSH_MS);
  server.close();
  await eventLog.close();
}

// Loaded late, so that a platform without the library's binary gets a sentence instead of a stack trace.
async function loadHttp(): Promise<{
  HttpServer: typeof HttpServer;
  readPage: typeof readPage;
  connectionCapacity: () => number;
}> {
  // Why: the library reads it when it is loaded; its own limit of 4 KiB for a request head is too small for cookies and long paths.
  process.env['UWS_HTTP_MAX_HEADERS_SIZE'] ??= '16384';
  try {
    const [server, page, limit] = await Promise.all([
      import('./http/http-server.ts'),
      import('./http/page.ts'),
      import('./http/descriptor-limit.ts'),
    ]);
    return {
      HttpServer: server.HttpServer,
      readPage: page.readPage,
      connectionCapacity: limit.connectionCapacity,
    };
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('uWS.js'))) throw error;
    throw new GitPubSubError(
      'cannot-start',
      `uWebSockets.js has no binary for Node.js ${process.versions.node} on ${process.platform} ${process.arch}; ` +
        'it runs on Node.js 20 and 22 on Linux with glibc, macOS and Windows.',
      { cause: error },
    );
  }
}

function listenAddress({ socket, host, port }: Config): ListenAddress {
  return socket === undefined ? { host, port } : { socketPath: socket };
}

function boundConnections(wanted: number, capacity: number, logger: Logger): number {
  if (wanted <= capacity) return wanted;
  logger.warn(
    { maxConnections: wanted, capacity },
    'fewer connections than configured: raise the limit of open files',
  );
  return capacity;
}

// Keep-alives shorter than a few ticks need shorter ticks.
function tickMs({ keepAliveSeconds }: Config): number {
  return Math.min(TICK_MS, (keepAliveSeconds * 1000) / 4);
}

function heldCount({ firstOffset, lastOffset }: EventLog): number {
  return lastOffset - firstOffset + 1;
}

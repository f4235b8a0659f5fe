// The composition root: builds the objects from a configuration, starts them in order and stops them in reverse.
import { setTimeout as sleep } from 'node:timers/promises';
import { AccessPolicy } from './access/access-policy.ts';
import { Broker, TICK_MS, type BrokerSettings } from './broker/broker.ts';
import type { Config } from './config/load-config.ts';
import { planReload, type Reload } from './config/reload.ts';
import { SteadyClock, SYSTEM_CLOCK } from './core/clock.ts';
import { GitPubSubError } from './core/errors.ts';
import type { Logger } from './core/logger.ts';
import type { EventLog } from './eventlog/event-log.ts';
import { openSqliteEventLog } from './eventlog/sqlite/sqlite-event-log.ts';
import type { HttpSettings } from './http/context.ts';
import { boundConnections } from './http/descriptor-limit.ts';
import type { HttpServer, ListenAddress } from './http/http-server.ts';
import type { readPage } from './http/page.ts';
import { Metrics } from './metrics.ts';
import { readVersion } from './version.ts';

/** A running broker. */
export interface App {
  /** Where it listens: `http://127.0.0.1:2069`, with `https` where there is TLS, or `unix:/run/gitpubsub.sock`. */
  readonly address: string;
  /**
   * Goes on with another configuration, as far as that is possible: streams stay, but for those whose reader has lost the
   * right to them. Not to be called after {@link App.stop}. @returns what changed, and what only a new start would change
   * @throws GitPubSubError `invalid-configuration` for a certificate that can't be used; then nothing has changed
   */
  reload(config: Config): Reload;
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
  const { HttpServer, readPage } = await loadHttp();
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
    const { observeFanOut } = metrics;
    const broker = new Broker({
      eventLog,
      clock: SYSTEM_CLOCK,
      steadyClock,
      logger,
      observeFanOut,
      ...brokerSettings(config),
    });
    const server = new HttpServer({
      ...httpSettings(config, logger),
      broker,
      clock: SYSTEM_CLOCK,
      logger,
      tls: config.tls,
      version: readVersion(),
      readMetrics: metrics.read,
      page,
    });
    metrics.watch({ broker, server, eventLog, database: config.database });
    const address = await server.listen(listenAddress(config));
    logger.info({ address, database: config.database, events: heldCount(eventLog) }, 'listening');
    return new RunningApp(address, config, { server, broker, eventLog, logger });
  } catch (error) {
    await eventLog.close();
    throw error;
  }
}

interface Parts {
  readonly server: HttpServer;
  readonly broker: Broker;
  readonly eventLog: EventLog;
  readonly logger: Logger;
}

class RunningApp implements App {
  readonly address: string;
  readonly #parts: Parts;
  #config: Config;
  #timer: NodeJS.Timeout;

  constructor(address: string, config: Config, parts: Parts) {
    this.address = address;
    this.#config = config;
    this.#parts = parts;
    this.#timer = this.#startTicking();
  }

  reload(wanted: Config): Reload {
    const { server, broker, logger } = this.#parts;
    const plan = planReload(this.#config, wanted);
    // First what may be refused.
    server.configure(httpSettings(plan.config, logger), plan.config.tls);
    broker.configure(brokerSettings(plan.config));
    const isTickTheSame = tickMs(plan.config) === tickMs(this.#config);
    this.#config = plan.config;
    if (isTickTheSame) return plan; // Or many reloads in a row would put off keep-alives.
    clearInterval(this.#timer);
    this.#timer = this.#startTicking();
    return plan;
  }

  async stop(): Promise<void> {
    const { server, broker, eventLog } = this.#parts;
    server.stopListening();
    // Why ref: false: the process must not outlive its work for the sake of this timer.
    await Promise.race([broker.drain(), sleep(DRAIN_DEADLINE_MS, undefined, { ref: false })]);
    clearInterval(this.#timer);
    broker.cutAll();
    await sleep(FLUSH_MS);
    server.close();
    await eventLog.close();
  }

  #startTicking(): NodeJS.Timeout {
    const { broker, server } = this.#parts;
    return setInterval(() => {
      broker.tick();
      server.tick();
    }, tickMs(this.#config));
  }
}

function httpSettings(config: Config, logger: Logger): HttpSettings {
  const { corsOrigins, maxEventBytes, maxBatchBytes } = config;
  return {
    accessPolicy: new AccessPolicy(config, SYSTEM_CLOCK),
    corsOrigins,
    maxEventBytes,
    maxBatchBytes,
    maxConnections: boundConnections(config.maxConnections, logger),
  };
}

function brokerSettings(config: Config): BrokerSettings {
  const { retentionHours, retentionEvents, retentionBytes } = config;
  return {
    keepAliveMs: config.keepAliveSeconds * 1000,
    stallMs: config.stallSeconds * 1000,
    retention: {
      maxAgeMs: retentionHours === undefined ? undefined : retentionHours * HOUR_MS,
      maxEvents: retentionEvents,
      maxBytes: retentionBytes,
    },
  };
}

// Loaded late, so that a platform without the library's binary gets a sentence instead of a stack trace.
async function loadHttp(): Promise<{
  HttpServer: typeof HttpServer;
  readPage: typeof readPage;
}> {
  // Why: the library reads it when it is loaded; its own limit of 4 KiB for a request head is too small for cookies and long paths.
  process.env['UWS_HTTP_MAX_HEADERS_SIZE'] ??= '16384';
  try {
    const [server, page] = await Promise.all([import('./http/http-server.ts'), import('./http/page.ts')]);
    return { HttpServer: server.HttpServer, readPage: page.readPage };
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

// Keep-alives shorter than a few ticks need shorter ticks.
function tickMs({ keepAliveSeconds }: Config): number {
  return Math.min(TICK_MS, (keepAliveSeconds * 1000) / 4);
}

function heldCount({ firstOffset, lastOffset }: EventLog): number {
  return lastOffset - firstOffset + 1;
}

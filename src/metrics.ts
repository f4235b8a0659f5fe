// The metrics for Prometheus: read from what the parts count, when somebody asks. [P25] The only file that names prom-client.
import { statSync } from 'node:fs';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Broker } from './broker/broker.ts';
import type { Tally } from './broker/statistics.ts';
import { selectPrefixes } from './core/selection.ts';
import { ROOT_TOPIC } from './core/topic.ts';
import type { EventLog } from './eventlog/event-log.ts';
import type { HttpServer } from './http/http-server.ts';
import type { MetricsText } from './http/statistics.ts';

/** Where the numbers come from. */
export interface MetricsSources {
  readonly broker: Broker;
  readonly server: HttpServer;
  readonly eventLog: EventLog;
  /** The database file. */
  readonly database: string;
}

const PREFIX = 'gitpubsub_';

/** Seconds; a fan-out to thousands takes some milliseconds. */
const FAN_OUT_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

const EVERYTHING = selectPrefixes([ROOT_TOPIC]);

/** The metrics of one broker. Made first, since the parts report to it; then told of the parts. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #fanOut: Histogram;

  constructor() {
    collectDefaultMetrics({ register: this.#registry, prefix: PREFIX });
    this.#fanOut = new Histogram({
      name: `${PREFIX}fan_out_duration_seconds`,
      help: 'How long it took to hand a commit to all live streams that want it.',
      buckets: FAN_OUT_BUCKETS,
      registers: [this.#registry],
    });
  }

  /** Takes how long one fan-out took, in milliseconds. */
  readonly observeFanOut = (durationMs: number): void => this.#fanOut.observe(durationMs / 1000);

  /** The metrics as Prometheus reads them. */
  readonly read = async (): Promise<MetricsText> => ({
    mediaType: this.#registry.contentType,
    text: await this.#registry.metrics(),
  });

  /** From now on shows the numbers of these. */
  watch({ broker, server, eventLog, database }: MetricsSources): void {
    const { statistics } = broker;
    const http = server.statistics;
    this.#counter('events_published_total', 'Events stored.', () => statistics.publishedEvents);
    this.#counter(
      'events_delivered_total',
      'Events handed to live streams.',
      () => statistics.deliveredEvents,
    );
    this.#counter(
      'events_replayed_total',
      'Events handed to streams from the log.',
      () => statistics.replayedEvents,
    );
    this.#counter(
      'requests_deduplicated_total',
      'Publishes that repeated an idempotency key, and stored nothing.',
      () => statistics.deduplicatedRequests,
    );
    this.#tallies('requests_refused_total', 'Requests refused, by the type of the problem.', http.refusals);
    this.#tallies('streams_ended_total', 'Streams that ended, by the reason.', statistics.ends);
    this.#tallies('gaps_total', 'Streams that could not start where their client asked.', statistics.gaps);
    this.#counter('received_bytes_total', 'Bytes of bodies with events.', () => http.receivedBytes);
    this.#counter('sent_bytes_total', 'Bytes of events handed to streams.', () => http.sentBytes);
    this.#counter('connections_total', 'Sockets opened.', () => http.totalConnections);
    this.#gauge('connections', 'Sockets open now.', () => http.openConnections);
    this.#subscribers(http.openStreams);
    this.#gauge('streams_waiting', 'Streams whose client does not keep up.', () => broker.fullCount);
    this.#gauge(
      'body_bytes',
      'Bytes of bodies that are coming in or wait for the disk.',
      () => server.bodyBytes,
    );
    this.#gauge('ready', '1 while events are taken.', () => (broker.unreadyReason === undefined ? 1 : 0));
    this.#watchLog(eventLog, database);
  }

  #watchLog(eventLog: EventLog, database: string): void {
    const heldCount = (): number => eventLog.lastOffset - eventLog.firstOffset + 1;
    this.#gauge('log_events', 'Events held.', heldCount);
    this.#gauge(
      'log_size_bytes',
      'Size of the database on the disk.',
      () => sizeOf(database) + sizeOf(`${database}-wal`),
    );
    this.#gauge('log_oldest_event_timestamp_seconds', 'When the oldest event held was stored.', async () => {
      if (heldCount() === 0) return undefined;
      const after = eventLog.firstOffset - 1;
      const page = await eventLog.read({ selection: EVERYTHING, after, maxEvents: 0, maxBytes: 0 });
      return page.nextTimeMs / 1000;
    });
  }

  #counter(name: string, help: string, read: () => number): void {
    const counter = new Counter({
      name: PREFIX + name,
      help,
      registers: [],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
    this.#registry.registerMetric(counter);
  }

  #tallies(name: string, help: string, tally: Tally<string>): void {
    const counter = new Counter({
      name: PREFIX + name,
      help,
      labelNames: ['reason'],
      registers: [],
      collect() {
        this.reset();
        for (const [reason, count] of tally.entries()) this.inc({ reason }, count);
      },
    });
    this.#registry.registerMetric(counter);
  }

  // What can't be read at the moment is left out.
  #gauge(name: string, help: string, read: () => number | undefined | Promise<number | undefined>): void {
    const gauge = new Gauge({
      name: PREFIX + name,
      help,
      registers: [],
      async collect() {
        const value = await Promise.resolve()
          .then(read)
          .catch(() => undefined);
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
    this.#registry.registerMetric(gauge);
  }

  #subscribers(openStreams: Tally<string>): void {
    const gauge = new Gauge({
      name: `${PREFIX}subscribers`,
      help: 'Streams open now, by their format.',
      labelNames: ['format'],
      registers: [],
      collect() {
        this.reset();
        for (const [format, count] of openStreams.entries()) this.set({ format }, count);
      },
    });
    this.#registry.registerMetric(gauge);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

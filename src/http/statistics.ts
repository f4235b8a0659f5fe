// What the HTTP side counts, for the numbers of HEAD and the metrics. [P24, P25]
import { Tally } from '../broker/statistics.ts';

/** Counters of the HTTP side, since start. */
export class HttpStatistics {
  readonly startedMs: number;
  openConnections = 0;
  totalConnections = 0;
  /** Bytes of bodies with events, as they were received. */
  receivedBytes = 0;
  /** Bytes of payloads handed to streams. */
  sentBytes = 0;
  /** Streams open now, by the name of their format. */
  readonly openStreams: Tally<string> = new Tally<string>();
  /** Requests that were refused, by the code of the error. */
  readonly refusals: Tally<string> = new Tally<string>();

  /** `startedMs` is monotonic. */
  constructor(startedMs: number) {
    this.startedMs = startedMs;
  }
}

/** What a scrape of the metrics gets. */
export interface MetricsText {
  readonly mediaType: string;
  readonly text: string;
}

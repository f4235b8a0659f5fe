// What the HTTP side counts, for the numbers of HEAD. [P24]

/** Counters of the HTTP side, since start. */
export class HttpStatistics {
  readonly startedMs: number;
  openConnections = 0;
  totalConnections = 0;
  /** Bytes of bodies with events, as they were received. */
  receivedBytes = 0;
  /** Bytes of payloads handed to streams. */
  sentBytes = 0;

  /** `startedMs` is monotonic. */
  constructor(startedMs: number) {
    this.startedMs = startedMs;
  }
}

// The publishing side of the generator: connections with one request in flight on each, in a closed loop or at a rate.
import { stampDue, stampPlace } from './payload.ts';
import { PublishConnection } from './publish-connection.ts';

export interface PublishersOptions {
  readonly port: number;
  readonly connectionCount: number;
  /** Published to in turn; each connection has a lane of its own for every one of them. */
  readonly topics: readonly string[];
  readonly payload: Buffer;
  /** Told of each acknowledgement's cursor, where the broker gives one. */
  readonly onCursor?: (cursor: string | undefined, index: number) => void;
}

export class Publishers {
  /** Events sent in each lane; the lane is the connection's number times the count of topics plus the topic's number. */
  readonly sentCounts: Int32Array;
  ackedCount = 0;
  /** Collect while they are there. */
  ackMs: number[] | undefined;
  /** How late the generator itself woke, milliseconds. */
  wakeMs: number[] | undefined;
  readonly #options: PublishersOptions;
  readonly #connections: PublishConnection[];
  readonly #requests: readonly Buffer[];
  readonly #bodyStarts: readonly number[];
  #nextTopic = 0;

  constructor(options: PublishersOptions) {
    const { connectionCount, topics, payload, port } = options;
    this.#options = options;
    this.sentCounts = new Int32Array(connectionCount * topics.length);
    const heads = topics.map((topic) => requestHead(topic, payload.byteLength));
    this.#requests = heads.map((head) => Buffer.concat([head, payload]));
    this.#bodyStarts = heads.map((head) => head.byteLength);
    this.#connections = Array.from(
      { length: connectionCount },
      (_, index) => new PublishConnection(port, index),
    );
  }

  get laneCount(): number {
    return this.sentCounts.length;
  }

  async open(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.open()));
  }

  /** Publishes on every connection, the next event when the last one was acknowledged, until `isOver` says so. */
  async runClosed(isOver: () => boolean): Promise<void> {
    const runOne = async (connection: PublishConnection): Promise<void> => {
      while (!isOver()) await this.#publish(connection, performance.now());
    };
    await Promise.all(this.#connections.map(runOne));
  }

  /**
   * Publishes at a rate, for so long. An event's clock starts when it was due; but when it was only the generator that woke
   * late, while a connection was free, it starts when it was sent.
   */
  async runOpen(eventsPerSecond: number, seconds: number): Promise<void> {
    const startMs = performance.now();
    const dueOf = (index: number): number => startMs + (index * 1000) / eventsPerSecond;
    const total = eventsPerSecond * seconds;
    let next = 0;
    const runOne = async (connection: PublishConnection): Promise<void> => {
      while (next < total) {
        const dueMs = dueOf(next++);
        const freeMs = performance.now();
        if (dueMs > freeMs) await sleepUntil(dueMs);
        const clockMs = dueMs > freeMs ? performance.now() : dueMs;
        if (dueMs > freeMs) this.wakeMs?.push(clockMs - dueMs);
        await this.#publish(connection, clockMs);
      }
    };
    await Promise.all(this.#connections.map(runOne));
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  async #publish(connection: PublishConnection, clockMs: number): Promise<void> {
    const topic = this.#nextTopic;
    this.#nextTopic = (topic + 1) % this.#requests.length;
    const lane = connection.index * this.#requests.length + topic;
    const index = this.sentCounts[lane] ?? 0;
    this.sentCounts[lane] = index + 1;
    const head = await connection.send(this.#request(topic, lane, index, clockMs));
    if (head.status < 200 || head.status > 299) throw new Error(`status ${head.status} for a POST`);
    this.ackedCount++;
    this.ackMs?.push(performance.now() - clockMs);
    this.#options.onCursor?.(head.cursor, index);
  }

  // A copy: the socket may still be sending the one before.
  #request(topic: number, lane: number, index: number, clockMs: number): Buffer {
    const request = Buffer.from(this.#requests[topic] ?? []);
    const start = this.#bodyStarts[topic] ?? 0;
    stampPlace(request, start, { lane, index });
    stampDue(request, start, clockMs);
    return request;
  }
}

function requestHead(topic: string, bodyBytes: number): Buffer {
  const lines = [`POST ${topic} HTTP/1.1`, 'Host: localhost', 'Content-Type: application/json'];
  return Buffer.from([...lines, `Content-Length: ${bodyBytes}`, '', ''].join('\r\n'), 'latin1');
}

function sleepUntil(dueMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
}

// Publishers of a soak: single events and batches, with and without keys, some sent twice; and what they know of the log.

import { createPayload, type Place, stampDue, stampPlace } from '../../bench/load/payload.ts';
import { pauseFor } from '../support/deadline.ts';
import type { Random } from '../support/random.ts';
import { composeRequest, RawConnection, type RawResponse, type Target } from '../support/raw-http.ts';

/** Where they publish, each to a topic of its own below. */
export const TOPIC = '/json';

/** The one size of all events, their line feed included. */
export const PAYLOAD: Buffer = createPayload(500);

const WRITERS = 6;
const LARGEST_BATCH = 40;
const REST_MS = 60;
/** A connection keeps what it was answered, so it is left after so many requests. */
const REQUESTS_EACH = 50;

/** Publishes until it is told to stop. */
export class Writers {
  /** Events of each writer that were acknowledged. */
  readonly counts: Int32Array = new Int32Array(WRITERS);
  /** The place of each event by its offset, as far as the log may still hold it. */
  readonly known: Map<number, Place> = new Map<number, Place>();
  /** Of the newest acknowledgement. */
  cursor = '';
  lastOffset = 0;
  readonly #target: Target;
  readonly #random: Random;
  readonly #heldEvents: number;
  #isOver = false;

  constructor(target: Target, random: Random, heldEvents: number) {
    this.#target = target;
    this.#random = random;
    this.#heldEvents = heldEvents;
  }

  /** Resolves when it was told to stop and all is acknowledged. @throws if something is refused */
  async run(): Promise<void> {
    await Promise.all(Array.from(this.counts, async (_, lane) => this.#runOne(lane)));
  }

  stop(): void {
    this.#isOver = true;
  }

  get totalCount(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  async #runOne(lane: number): Promise<void> {
    while (!this.#isOver) {
      const connection = await RawConnection.open(this.#target);
      try {
        for (let sent = 0; sent < REQUESTS_EACH && !this.#isOver; sent += 1) {
          await this.#publish(connection, lane);
          await pauseFor(this.#random.below(2 * REST_MS));
        }
      } finally {
        connection.close();
      }
    }
  }

  async #publish(connection: RawConnection, lane: number): Promise<void> {
    const count = this.#random.oneIn(3) ? 2 + this.#random.below(LARGEST_BATCH - 1) : 1;
    const index = this.counts[lane] ?? 0;
    const key = this.#random.oneIn(2) ? `${lane}-${index}` : undefined;
    const request = composeBatch({ lane, index }, count, key);
    const cursor = readCursor(await send(connection, request));
    this.counts[lane] = index + count;
    this.#remember(cursor, { lane, index }, count);
    if (key === undefined || !this.#random.oneIn(4)) return;
    const repeated = await send(connection, request);
    if (repeated.header('idempotent-replayed') !== 'true' || readCursor(repeated) !== cursor)
      throw new Error(`not answered as before: ${repeated.describe()}`);
  }

  #remember(cursor: string, { lane, index }: Place, count: number): void {
    const lastOffset = readOffset(cursor);
    for (let i = 0; i < count; i += 1) this.known.set(lastOffset - count + 1 + i, { lane, index: index + i });
    if (lastOffset > this.lastOffset) {
      this.lastOffset = lastOffset;
      this.cursor = cursor;
    }
    // In about the order of offsets; those that nobody can ask for any more.
    for (const offset of this.known.keys()) {
      if (offset > this.lastOffset - 2 * this.#heldEvents) break;
      this.known.delete(offset);
    }
  }
}

/** The offset in a cursor. */
export function readOffset(cursor: string): number {
  return Number(cursor.split('-')[1]);
}

function composeBatch({ lane, index }: Place, count: number, key: string | undefined): Buffer {
  const body = Buffer.concat(Array.from({ length: count }, () => PAYLOAD));
  for (let i = 0; i < count; i += 1) {
    stampPlace(body, i * PAYLOAD.length, { lane, index: index + i });
    stampDue(body, i * PAYLOAD.length, performance.now());
  }
  const headers = [
    ...(count > 1 ? [['Content-Type', 'application/x-ndjson'] as const] : []),
    ...(key === undefined ? [] : [['Idempotency-Key', key] as const]),
  ];
  return composeRequest({ method: 'POST', path: `${TOPIC}/${String(lane)}`, headers, body });
}

async function send(connection: RawConnection, request: Buffer): Promise<RawResponse> {
  connection.write(request);
  const response = await connection.readResponse('POST', 60_000);
  if (response.statusCode !== 200) throw new Error(`not published: ${response.describe()}`);
  return response;
}

function readCursor(response: RawResponse): string {
  return response.header('x-cursor') ?? '';
}

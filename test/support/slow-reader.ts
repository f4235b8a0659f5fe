// A subscriber that reads slowly, and keeps nothing of what it has read: many of them fit into one process.

import { pauseFor } from './deadline.ts';
import type { RawConnection, RawResponse } from './raw-http.ts';
import { createTaker, type StreamItem } from './stream-items.ts';

/** How slowly it reads: so many bytes, then a rest. */
export interface Pace {
  readonly stepBytes: number;
  readonly restMs: number;
}

/** How long it may have to wait for a step's bytes, in milliseconds. */
const STEP_DEADLINE_MS = 60_000;

/**
 * Reads a stream step by step until `take` says that it has enough. It gets every item, which is forgotten then.
 * @throws if the stream ends before, or if there are no bytes for too long
 */
export async function readSlowly(
  connection: RawConnection,
  response: RawResponse,
  pace: Pace,
  take: (item: StreamItem) => boolean,
): Promise<void> {
  const stream = new ForgetfulStream(response);
  for (;;) {
    connection.pause();
    await pauseFor(pace.restMs);
    connection.resume();
    let stepBytes = 0;
    let isEnough = false;
    const read = (): true | undefined => {
      const { items, byteCount } = stream.take();
      stepBytes += byteCount;
      isEnough = items.some((item) => take(item)) || isEnough;
      return isEnough || stepBytes >= pace.stepBytes || undefined;
    };
    await connection.waitFor(read, `${String(pace.stepBytes)} bytes`, response, STEP_DEADLINE_MS);
    if (isEnough) return;
  }
}

/** Takes whole chunks out of a response, so that they are not kept there. */
class ForgetfulStream {
  readonly #response: RawResponse;
  #takeChunk: ((chunk: Buffer) => StreamItem[]) | undefined;

  constructor(response: RawResponse) {
    this.#response = response;
  }

  take(): { readonly items: readonly StreamItem[]; readonly byteCount: number } {
    if (!this.#response.hasHead) return { items: [], byteCount: 0 };
    this.#takeChunk ??= createTaker(this.#response.header('content-type'));
    const takeChunk = this.#takeChunk;
    // The last one's end is still to come.
    const openCount = this.#response.chunks.at(-1)?.isClosed === false ? 1 : 0;
    const whole = this.#response.chunks.splice(0, this.#response.chunks.length - openCount);
    const byteCount = whole.reduce((sum, { data }) => sum + data.length, 0);
    return { items: whole.flatMap(({ data }) => takeChunk(data)), byteCount };
  }
}

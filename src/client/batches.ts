// Cuts any number of JSON texts into batches that a broker takes, and what stands in front of it.
import { MAX_BATCH_LINES } from '../core/ndjson.ts';

/** Most bytes in a batch, but for a single larger event: below what proxies let through by default, and the broker by far. */
export const MAX_BATCH_BYTES = 1_000_000;

/** Neighbours stay neighbours; each batch is within the limits, unless a single event is not. An `undefined` ends a batch. */
export async function* cutBatches(
  texts: AsyncIterable<string | undefined>,
): AsyncGenerator<string[], void, undefined> {
  let batch: string[] = [];
  let bytes = 0;
  for await (const text of texts) {
    const textBytes = text === undefined ? Infinity : Buffer.byteLength(text) + 1;
    if (batch.length === MAX_BATCH_LINES || (batch.length > 0 && bytes + textBytes > MAX_BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    if (text === undefined) continue;
    batch.push(text);
    bytes += textBytes;
  }
  if (batch.length > 0) yield batch;
}

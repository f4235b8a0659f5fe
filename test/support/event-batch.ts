// Batches for tests of what is made of them.
import { Batch } from '../../src/broker/batch.ts';
import { parseTopic } from '../../src/core/topic.ts';

/** A second each, from 1.000 on; offsets from 1; of the topic `/json/a b`. */
export function createEventBatch(...payloads: string[]): Batch {
  const topic = parseTopic('/json/a%20b');
  const events = payloads.map((payload, i) => ({ topic, payload, offset: i + 1, timeMs: (i + 1) * 1_000 }));
  return new Batch(events, { offset: 40, timeMs: 90_000 });
}

/** Chunks as text, read as UTF-8. */
export function toTexts(chunks: readonly Uint8Array[]): string[] {
  return chunks.map((chunk) => Buffer.from(chunk).toString());
}

// Events that can never be published: kept for people in a file, a line each, with the reason.
import { open } from 'node:fs/promises';
import type { Batch } from './batch.ts';
import { readIfThere } from './durable-files.ts';

/** Why an event can never be published. */
export interface Refusal {
  /** What the broker answered; null if it was not even asked. */
  readonly status: number | null;
  readonly reason: string;
}

/** Adds the events of a batch. @throws Error if they are not on the disk then */
export async function addDeadLetters(
  path: string,
  { target, events }: Batch,
  refusal: Refusal,
): Promise<void> {
  const head = JSON.stringify({ time: new Date().toISOString(), ...refusal, target });
  const lines = events.map((event) => `${head.slice(0, -1)},"event":${event}}\n`);
  const file = await open(path, 'a');
  try {
    await file.writeFile(lines.join(''));
    await file.sync();
  } finally {
    await file.close();
  }
}

/** How many events there are. */
export async function countDeadLetters(path: string): Promise<number> {
  const content = await readIfThere(path);
  return content?.toString('latin1').split('\n').slice(0, -1).length ?? 0;
}

// Events that can never be published: kept for people in a file, a line each, with the reason.
import { appendSynced, readIfThere } from '../files/durable-files.ts';
import type { Batch } from './batch.ts';
import { withoutCredentials } from './http-url.ts';

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
  const head = JSON.stringify({
    time: new Date().toISOString(),
    ...refusal,
    target: withoutCredentials(target),
  });
  const lines = events.map((event) => `${head.slice(0, -1)},"event":${event}}\n`);
  await appendSynced(path, lines.join(''));
}

/** How many events there are. */
export async function countDeadLetters(path: string): Promise<number> {
  const content = await readIfThere(path);
  return content?.toString('latin1').split('\n').filter(isWhole).length ?? 0;
}

// Why by its ends: reading them all would take long, and nothing but an event ends a line so.
function isWhole(line: string): boolean {
  return line.startsWith('{') && line.endsWith('}}');
}

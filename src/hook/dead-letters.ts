// Events that can never be published: kept for people in a file, a line each, with the reason.
import type { FileHandle } from 'node:fs/promises';
import type { Batch } from './batch.ts';
import { readIfThere } from './durable-files.ts';
import { openForAppending } from './file-owner.ts';
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
  const file = await openForAppending(path);
  try {
    await file.writeFile(((await endsWithHalfLine(file)) ? '\n' : '') + lines.join(''));
    await file.sync();
  } finally {
    await file.close();
  }
}

/** How many events there are. */
export async function countDeadLetters(path: string): Promise<number> {
  const content = await readIfThere(path);
  return content?.toString('latin1').split('\n').filter(isWhole).length ?? 0;
}

// A crash or a full disk may have kept the rest of a line back; its event comes again.
async function endsWithHalfLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() !== '\n';
}

// Why by its ends: reading them all would take long, and nothing but an event ends a line so.
function isWhole(line: string): boolean {
  return line.startsWith('{') && line.endsWith('}}');
}

// How a repository's last delivery went and what waits, for whoever asks. Written by deliveries, read by people's commands.
import { readIfThere, replaceFile } from '../files/durable-files.ts';
import { countDeadLetters } from './dead-letters.ts';
import { hookFilesOf } from './hook-files.ts';
import { Outbox } from './outbox.ts';
import { arrivalMs, Spool } from './spool.ts';

/** How the last delivery went. Times are in ISO 8601. */
export interface LastDelivery {
  /** Origin of the broker. */
  readonly broker: string | null;
  readonly lastAttempt: string | null;
  /** When an event was stored last. */
  readonly lastDelivery: string | null;
  /** What keeps pushes waiting, and since when that is the last word. */
  readonly lastError: { readonly time: string; readonly message: string } | null;
}

/** What waits in a repository. */
export interface Waiting {
  readonly pushCount: number;
  /** When the first of them arrived, in milliseconds since 1970. */
  readonly sinceMs: number | undefined;
}

/** All there is to say about a repository's deliveries. */
export interface DeliveryStatus extends LastDelivery {
  readonly waiting: Waiting;
  readonly deadLetterCount: number;
}

const NO_DELIVERY: LastDelivery = { broker: null, lastAttempt: null, lastDelivery: null, lastError: null };

/** Reads what there is to say. @throws Error if files can't be read */
export async function readDeliveryStatus(gitDirectory: string): Promise<DeliveryStatus> {
  const files = hookFilesOf(gitDirectory);
  return {
    ...(await readLastDelivery(files.status)),
    waiting: await readWaiting(gitDirectory),
    deadLetterCount: await countDeadLetters(files.deadLetters),
  };
}

/** Looks what waits. */
export async function readWaiting(gitDirectory: string): Promise<Waiting> {
  const files = hookFilesOf(gitDirectory);
  const names = [...(await new Outbox(files.outbox).listPushes()), ...(await new Spool(files.spool).list())];
  const pushes = [...new Set(names)].toSorted();
  return { pushCount: pushes.length, sinceMs: pushes[0] === undefined ? undefined : arrivalMs(pushes[0]) };
}

/** Writes how a delivery went; what is not given stays as it was. Resolves always: it is only for people. */
export async function writeLastDelivery(path: string, changes: Partial<LastDelivery>): Promise<void> {
  try {
    await replaceFile(path, `${JSON.stringify({ ...(await readLastDelivery(path)), ...changes })}\n`);
  } catch {
    // Why: a full disk must not keep events from being published.
  }
}

async function readLastDelivery(path: string): Promise<LastDelivery> {
  try {
    const text = (await readIfThere(path))?.toString() ?? '{}';
    return { ...NO_DELIVERY, ...(JSON.parse(text) as Partial<LastDelivery>) };
  } catch {
    return NO_DELIVERY;
  }
}

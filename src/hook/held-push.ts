// A push that the hook could not note, held in memory until it can be: a disk that was full at the push may not be any more.
import { setTimeout as sleep } from 'node:timers/promises';
import { namePush, type Spool } from './spool.ts';

/** How often and how long it is tried. */
export interface HoldOptions {
  readonly pauseMs?: number;
  readonly holdForMs?: number;
}

// Why not longer: on a full disk there is one such process for each push.
const HOLD_PAUSE_MS = 2_000;
const HOLD_FOR_MS = 60_000;

const PASSING_TROUBLE: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EIO']);

/** Notes a push as soon as that is possible. @throws Error if it is not in time, or will not be */
export async function holdPush(
  spool: Pick<Spool, 'add'>,
  record: Buffer,
  { pauseMs = HOLD_PAUSE_MS, holdForMs = HOLD_FOR_MS }: HoldOptions = {},
): Promise<void> {
  const name = namePush(Date.now());
  for (let leftMs = holdForMs; ; leftMs -= pauseMs) {
    try {
      return await spool.add(name, record);
    } catch (error) {
      if (leftMs <= 0 || !mayPass(error)) throw error;
    }
    await sleep(pauseMs);
  }
}

function mayPass(error: unknown): boolean {
  return error instanceof Error && 'code' in error && PASSING_TROUBLE.has(error.code);
}

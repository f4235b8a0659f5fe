// `gitpubsub deliver`: what hooks/post-receive starts in the background. Nobody reads what it would say: the repository's
// gitpubsub/log and status do.
import { setTimeout as sleep } from 'node:timers/promises';
import { deliver } from '../hook/delivery.ts';
import { hookFilesOf } from '../hook/hook-files.ts';
import { addToJournal } from '../hook/journal.ts';
import { umaskFor } from '../hook/shared-repository.ts';
import { namePush, Spool } from '../hook/spool.ts';
import { exitStatusOf } from './delivery-result.ts';
import { exitStatusFor } from './exit-status.ts';

// How long it goes on trying: a restart of the broker takes less. Why not longer: in an outage there is one such process
// for each repository that is pushed to.
const RETRY_FOR_MS = 30_000;

// What a push takes from changing a ref to noting it, other hooks before ours included, is a few milliseconds.
const SETTLE_MS = 1_000;

// How often and how long it tries to note a push that the hook could not. Beyond it the push itself is not announced, and
// its commits only with the next push to their ref.
const HOLD_PAUSE_MS = 2_000;
const HOLD_FOR_MS = 3_600_000;

/**
 * Delivers what waits in a repository, after noting the push on standard input if the hook could not. Returns the exit
 * status: 0 when nothing is left, or another delivery has it.
 */
export async function runDeliver(
  gitDirectory: string,
  { held = false }: { held?: boolean },
): Promise<number> {
  process.umask(await umaskFor(gitDirectory));
  process.on('SIGHUP', ignore); // Why: where there is no setsid, the pusher's connection would end it.
  if (held) await noteHeldPush(gitDirectory);
  const options = { retryForMs: RETRY_FOR_MS, lockWaitMs: 0, settleMs: SETTLE_MS };
  try {
    const report = await deliver(gitDirectory, { environment: process.env, ...options });
    return await exitStatusOf(report, gitDirectory, process.env);
  } catch (error) {
    await addToJournal(
      hookFilesOf(gitDirectory).journal,
      error instanceof Error ? error.message : String(error),
    );
    return exitStatusFor(error);
  }
}

async function noteHeldPush(gitDirectory: string): Promise<void> {
  const spool = new Spool(hookFilesOf(gitDirectory).spool);
  const name = namePush(Date.now());
  const record = await readInput();
  for (let leftMs = HOLD_FOR_MS; leftMs > 0; leftMs -= HOLD_PAUSE_MS) {
    if (await isDone(spool.add(name, record))) return;
    await sleep(HOLD_PAUSE_MS);
  }
}

async function readInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function isDone(work: Promise<void>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

function ignore(): void {}

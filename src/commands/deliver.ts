// `gitpubsub deliver`: what hooks/post-receive starts in the background. Nobody reads what it would say: the repository's
// gitpubsub/log and status do.
import { deliver } from '../hook/delivery.ts';
import { holdPush } from '../hook/held-push.ts';
import { hookFilesOf } from '../hook/hook-files.ts';
import { addToJournal } from '../hook/journal.ts';
import { repairOwners } from '../hook/owner-repair.ts';
import { umaskFor } from '../hook/shared-repository.ts';
import { Spool } from '../hook/spool.ts';
import { exitStatusOf } from './delivery-result.ts';
import { exitStatusFor } from './exit-status.ts';

// How long it goes on trying: a restart of the broker takes less. Why not longer: in an outage there is one such process
// for each repository that is pushed to.
const RETRY_FOR_MS = 30_000;

/**
 * Delivers what waits in a repository, after noting the push on standard input if the hook could not. Returns the exit
 * status: 0 when nothing is left, or another delivery has it.
 */
export async function runDeliver(
  gitDirectory: string,
  { held = false }: { held?: boolean },
): Promise<number> {
  process.umask(await umaskFor(gitDirectory));
  await repairOwners(gitDirectory);
  process.on('SIGHUP', ignore); // Why: where there is no setsid, the pusher's connection would end it.
  if (held) await noteHeldPush(gitDirectory);
  const options = { environment: process.env, retryForMs: RETRY_FOR_MS, lockWaitMs: 0 };
  try {
    const report = await deliver(gitDirectory, options);
    return await exitStatusOf(report, gitDirectory, process.env);
  } catch (error) {
    await addToJournal(hookFilesOf(gitDirectory).journal, messageOf(error));
    return exitStatusFor(error);
  }
}

async function noteHeldPush(gitDirectory: string): Promise<void> {
  const files = hookFilesOf(gitDirectory);
  const record = await readInput();
  await holdPush(new Spool(files.spool), record).catch((error: unknown) =>
    addToJournal(
      files.journal,
      `A push could not be noted; its commits come with the next one to the same ref: ${messageOf(error)}`,
    ),
  );
}

async function readInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function ignore(): void {}

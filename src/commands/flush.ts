// `gitpubsub flush`: delivers what waits in repositories, for people and timers, and says in a line each how it went.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { deliver, type DeliveryReport } from '../hook/delivery.ts';
import { readWaiting } from '../hook/delivery-status.ts';
import { findRepositories } from '../hook/repositories.ts';
import { umaskFor } from '../hook/shared-repository.ts';

// Source: sysexits(3)
const EXIT_USAGE = 64;
const EXIT_TEMPORARY = 75;

// How long it waits for a delivery that is at work in the repository; longer than one goes on without success.
const LOCK_WAIT_MS = 60_000;

// As for `gitpubsub deliver`.
const SETTLE_MS = 1_000;

/** Delivers what waits in the repositories that the paths stand for. Returns the exit status: 0 when nothing is left. */
export async function runFlush(paths: readonly string[]): Promise<number> {
  const unreachable = new Set<string>();
  let status = 0;
  for (const path of paths) {
    if (!(await isThere(path))) {
      say(`${path}: there is no such directory`);
      status = EXIT_USAGE;
    }
    let repositoryCount = 0;
    for await (const repository of findRepositories(resolve(path))) {
      repositoryCount += 1;
      process.umask(await umaskFor(repository));
      const isFlushed = await flush(repository, unreachable);
      if (!isFlushed && status === 0) status = EXIT_TEMPORARY;
    }
    if (repositoryCount === 0 && status !== EXIT_USAGE)
      say(`${path}: there is no git repository here or below`);
  }
  return status;
}

async function flush(repository: string, unreachable: Set<string>): Promise<boolean> {
  try {
    if ((await readWaiting(repository)).pushCount === 0) return true;
    const options = { retryForMs: 0, lockWaitMs: LOCK_WAIT_MS, settleMs: SETTLE_MS, unreachable };
    const report = await deliver(repository, { environment: process.env, ...options });
    say(`${repository}: ${describe(report)}`);
    return report.failure === undefined && !report.isBusy;
  } catch (error) {
    say(`${repository}: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

function describe({ storedCount, refusedCount, waiting, failure, isBusy }: DeliveryReport): string {
  const parts = [`${count(storedCount, 'event')} published`];
  if (refusedCount > 0) parts.push(`${refusedCount} refused for good, see gitpubsub/dead-letter.ndjson`);
  if (waiting.sinceMs !== undefined) {
    const since = new Date(waiting.sinceMs).toISOString();
    parts.push(`${count(waiting.pushCount, 'push', 'pushes')} waiting, the first since ${since}`);
  }
  if (isBusy) parts.push('another delivery is at work');
  return parts.join(', ') + (failure === undefined ? '' : ` (${failure})`);
}

function count(number: number, one: string, many: string = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

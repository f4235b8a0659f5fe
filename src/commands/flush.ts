// `gitpubsub flush`: delivers what waits in repositories, for people and timers, and says in a line each how it went.
import { toOneLine, toPrintable } from '../core/printable.ts';
import { ClosedOrigins } from '../hook/closed-origins.ts';
import { deliver, type DeliveryReport } from '../hook/delivery.ts';
import { readWaiting } from '../hook/delivery-status.ts';
import { repairOwners } from '../hook/owner-repair.ts';
import { umaskFor } from '../hook/shared-repository.ts';
import { exitStatusOf } from './delivery-result.ts';
import { forEachRepository } from './each-repository.ts';
import { EXIT_WAITING } from './exit-status.ts';

// How long it waits for a delivery that is at work in the repository; longer than one goes on without success.
const LOCK_WAIT_MS = 60_000;

/** Delivers what waits in the repositories that the paths stand for. Returns the exit status: 0 when nothing is left. */
export function runFlush(paths: readonly string[]): Promise<number> {
  const closed = new ClosedOrigins();
  return forEachRepository(paths, (repository) => flush(repository, closed));
}

async function flush(repository: string, closed: ClosedOrigins): Promise<number> {
  await repairOwners(repository);
  if ((await readWaiting(repository)).pushCount === 0) return 0;
  process.umask(await umaskFor(repository));
  const options = { environment: process.env, retryForMs: 0, lockWaitMs: LOCK_WAIT_MS, closed };
  const report = await deliver(repository, options);
  process.stdout.write(`${toPrintable(repository)}: ${toOneLine(describe(report))}\n`);
  return report.isBusy ? EXIT_WAITING : exitStatusOf(report, repository, process.env);
}

function describe({ storedCount, refusedCount, waiting, failure, isBusy }: DeliveryReport): string {
  // Another delivery was faster.
  if (!isBusy && failure === undefined && storedCount + refusedCount + waiting.pushCount === 0)
    return 'nothing waits any more';
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

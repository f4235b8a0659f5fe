// One round of one side: a fresh broker and a fresh generator, each a process of its own.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { JobResult } from './load/job.ts';
import { PEERS } from './peers/peers.ts';
import { slowDiskEnvironment } from './peers/slow-disk.ts';
import type { PreparedLogs } from './prepared-log.ts';
import { runGenerator } from './run-generator.ts';
import type { Side } from './trial.ts';

const generatorPath = fileURLToPath(new URL('./load/generator.js', import.meta.url));

/** Rest after a broker's start, in milliseconds, before it is measured. */
const SETTLE_MS = 300;

/** Runs it. `directory` is for what the run leaves until its end. */
export async function runSide(side: Side, logs: PreparedLogs, directory: string): Promise<JobResult> {
  const { peer, job, log, isLogCopied, flags, fsyncMs } = side;
  const database = log && (await logs.path(log));
  const environment = fsyncMs === undefined ? undefined : slowDiskEnvironment(directory, fsyncMs);
  const broker = await PEERS[peer].start({ database, isCopied: isLogCopied, flags, environment });
  try {
    if (!job) return { ...UNMEASURED, figures: { startMs: broker.startMs } };
    await sleep(SETTLE_MS);
    return await runGenerator(generatorPath, job, broker.target);
  } finally {
    await broker.stop();
  }
}

const UNMEASURED = {
  faults: [],
  generatorBusy: Number.NaN,
  brokerBusy: Number.NaN,
  othersBusy: Number.NaN,
};

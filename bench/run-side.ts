// One round of one side: a fresh broker and a fresh generator, each a process of its own.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startCrowd } from './load/crowd-process.ts';
import { type JobResult, TOPIC } from './load/job.ts';
import type { RunningBroker } from './peers/broker-process.ts';
import { PEERS } from './peers/peers.ts';
import { slowDiskEnvironment } from './peers/slow-disk.ts';
import type { PreparedLogs } from './prepared-log.ts';
import { runGenerator } from './run-generator.ts';
import type { CrowdRecipe, Side } from './trial.ts';

const generatorPath = fileURLToPath(new URL('./load/generator.js', import.meta.url));

/** Rest after a broker's start, in milliseconds, before it is measured. */
const SETTLE_MS = 300;

/** Runs it. `directory` is for what the run leaves until its end. */
export async function runSide(side: Side, logs: PreparedLogs, directory: string): Promise<JobResult> {
  const start = await starterOf(side, logs, directory);
  const broker = await start();
  try {
    if (!side.job) return { ...UNMEASURED, figures: { startMs: broker.startMs } };
    const endCrowd = side.crowd && (await startCrowdAt(side.crowd, broker, start));
    await sleep(SETTLE_MS);
    return await runGenerator(generatorPath, side.job, broker.target).finally(endCrowd);
  } finally {
    await broker.stop();
  }
}

type Starter = () => Promise<RunningBroker>;

async function starterOf(
  { peer, log, isLogCopied, flags, fsyncMs }: Side,
  logs: PreparedLogs,
  directory: string,
): Promise<Starter> {
  const database = log && (await logs.path(log));
  const environment = fsyncMs === undefined ? undefined : slowDiskEnvironment(directory, fsyncMs);
  return () => PEERS[peer].start({ database, isCopied: isLogCopied, flags, environment });
}

// Returns what ends it, and the broker that it may have of its own.
async function startCrowdAt(
  { countOfEach, isElsewhere }: CrowdRecipe,
  broker: RunningBroker,
  start: Starter,
): Promise<() => Promise<void>> {
  const own = isElsewhere ? await start() : undefined;
  const { port } = (own ?? broker).target;
  const end = await startCrowd(port, TOPIC, countOfEach);
  return async () => {
    end();
    await own?.stop();
  };
}

const UNMEASURED = {
  faults: [],
  generatorBusy: Number.NaN,
  brokerBusy: Number.NaN,
  othersBusy: Number.NaN,
};

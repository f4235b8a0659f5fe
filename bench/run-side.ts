// One round of one side: a fresh broker and a fresh generator, each a process of its own.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Job, JobResult, Target } from './load/job.ts';
import { PEERS } from './peers/peers.ts';
import { slowDiskEnvironment } from './peers/slow-disk.ts';
import type { PreparedLogs } from './prepared-log.ts';
import type { Side } from './trial.ts';

const generatorPath = fileURLToPath(new URL('./load/generator.js', import.meta.url));

/** How long a generator may take, in milliseconds. */
const JOB_DEADLINE_MS = 120_000;

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
    return await runGenerator(job, broker.target);
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

async function runGenerator(job: Job, target: Target): Promise<JobResult> {
  const child = spawn(process.execPath, [generatorPath, JSON.stringify([job, target])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: JOB_DEADLINE_MS,
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const status = await new Promise((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? code)),
  );
  if (status !== 0) throw new Error(errorLine(errors) ?? `the generator ended with status ${String(status)}`);
  // JSON has no NaN, which a figure is where the system does not tell it.
  return JSON.parse(output, (_, value: unknown) => value ?? Number.NaN) as JobResult;
}

function errorLine(errors: string): string | undefined {
  return /^(?:\w*Error: )(.*)/m.exec(errors)?.[1];
}

// Starts a load generator, a process of its own, and waits for what it saw.
import { spawn } from 'node:child_process';
import type { Job, JobResult, Target } from './load/job.ts';

/** How long a generator may take, in milliseconds. */
const JOB_DEADLINE_MS = 120_000;

/** Does a job against a broker; `script` is the built `load/generator.ts`. @throws if the generator breaks off */
export async function runGenerator(script: string, job: Job, target: Target): Promise<JobResult> {
  const child = spawn(process.execPath, [script, JSON.stringify([job, target])], {
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

// The generator: a process of its own that does one job against one broker and prints what it saw as a line of JSON.
import { runIdle } from './idle.ts';
import type { Job, JobResult, Target } from './job.ts';
import { runReconnect } from './reconnect.ts';
import { runReplay } from './replay.ts';
import { runResponsive } from './responsive.ts';
import { runSteady } from './steady.ts';

const [job, target] = JSON.parse(process.argv[2] ?? '[]') as [Job, Target];
const result = await run(job, target);
// The sockets are still open: nobody waits for their end.
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit());

function run(job: Job, target: Target): Promise<JobResult> {
  switch (job.scenario) {
    case 'steady':
      return runSteady(job, target);
    case 'idle':
      return runIdle(job, target);
    case 'replay':
      return runReplay(job, target);
    case 'reconnect':
      return runReconnect(job, target);
    case 'responsive':
      return runResponsive(job, target);
    default:
      return job satisfies never;
  }
}

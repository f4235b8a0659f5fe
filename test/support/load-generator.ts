// The load generator of the bench, for tests: healthy subscribers whose every event is checked, and publishers, in a process
// of their own.

import { fileURLToPath } from 'node:url';
import type { JobResult, SteadyJob } from '../../bench/load/job.ts';
import { runGenerator } from '../../bench/run-generator.ts';
import type { BrokerProcess } from './broker-process.ts';

const generatorPath = fileURLToPath(new URL('../../bench/.build/bench/load/generator.js', import.meta.url));

/** Publishes to `/json` for a while and reads along; `faults` says what was lost, doubled, reordered, broken or cut. */
export async function runLoad(broker: BrokerProcess, job: Omit<SteadyJob, 'scenario'>): Promise<JobResult> {
  const { target, pid } = broker;
  if (!('port' in target)) throw new TypeError('the generator needs a port');
  return runGenerator(
    generatorPath,
    { scenario: 'steady', ...job },
    { port: target.port, pids: [pid], headers: [] },
  );
}

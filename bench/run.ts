// `npm run bench`: runs the trials whose names contain one of the given words, or all of them, and prints a table.
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.ts';
import { makeDirectory } from './peers/broker-process.ts';
import { PreparedLogs } from './prepared-log.ts';
import { TABLE_HEAD, toFootnotes, toRows } from './report.ts';
import { runTrial, type TrialOutcome } from './run-trial.ts';
import { EVERYDAY_SIZES, FULL_SIZES } from './log-trials.ts';
import type { Trial } from './trial.ts';
import { trialsOf } from './trials.ts';

const HELP = `usage: npm run bench -- [options] [words]

Runs the trials whose names contain one of the words; all of them without words.

  --rounds N  alternating rounds of which the median counts (3)
  --full      the sizes of a release: logs of 5,000,000 events, 5,000 returning subscribers
  --json      every round of every side, as one line of JSON for each trial
  --list      only the names

BENCH_BASELINE   a command that starts one more broker to compare with; it listens on $PORT
BENCH_DIRECTORY  where databases lie meanwhile (the system's directory for temporary files)
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    full: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.exitCode = await main();

async function main(): Promise<number> {
  const trials = trialsOf(values.full ? FULL_SIZES : EVERYDAY_SIZES).filter(isWanted);
  const rounds = Number(values.rounds);
  if (values.help) return say(HELP, 0);
  if (values.list) return say(trials.map(({ name }) => `${name}\n`).join(''), 0);
  if (trials.length === 0)
    return say(`no trial has ${positionals.join(' or ')} in its name; see --list\n`, 64);
  if (!Number.isInteger(rounds) || rounds < 1)
    return say(`--rounds: "${values.rounds}" is not allowed; allowed is a whole number from 1\n`, 64);
  if (!values.json) say(`${describeMachine()}; medians of ${rounds} rounds\n\n${TABLE_HEAD.join('\n')}\n`, 0);
  const outcomes = await runAll(trials, rounds);
  if (!values.json) say(`\n${toFootnotes(outcomes).join('\n')}\n`, 0);
  return outcomes.some(({ sides }) => sides.some(({ faults }) => faults.length > 0)) ? 1 : 0;
}

async function runAll(trials: readonly Trial[], rounds: number): Promise<TrialOutcome[]> {
  const directory = makeDirectory();
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const logs = new PreparedLogs(directory);
  const outcomes: TrialOutcome[] = [];
  for (const trial of trials) {
    const outcome = await runTrial(trial, { rounds, logs, directory });
    outcomes.push(outcome);
    say(values.json ? `${JSON.stringify(outcome)}\n` : `${toRows(trial, outcome).join('\n')}\n`, 0);
  }
  return outcomes;
}

function isWanted({ name }: Trial): boolean {
  return positionals.length === 0 || positionals.some((word) => name.includes(word));
}

function say(text: string, status: number): number {
  process.stdout.write(text);
  return status;
}

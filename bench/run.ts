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

BENCH_BASELINE    a command that starts one more broker to compare with; it listens on $PORT
BENCH_DIRECTORY   where databases lie meanwhile (the system's directory for temporary files)
BENCH_NODE_FLAGS  flags for the Node.js that runs our broker, such as --cpu-prof
`;

const OPTIONS = {
  rounds: { type: 'string', default: '3' },
  full: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

class UsageError extends Error {}

/** Source: sysexits(3) */
const EXIT_USAGE = 64;

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.exitCode = await main().catch(report);

async function main(): Promise<number> {
  const { values, words } = readArguments();
  if (values.help) return say(HELP, 0);
  const sizes = values.full ? FULL_SIZES : EVERYDAY_SIZES;
  const trials = trialsOf(sizes).filter(({ name }) => matches(name, words));
  if (trials.length === 0) throw new UsageError(`no trial has ${words.join(' or ')} in its name; see --list`);
  if (values.list) return say(trials.map(({ name }) => `${name}\n`).join(''), 0);
  const rounds = readRounds(values.rounds);
  if (!values.json) sayLines(`${describeMachine()}; medians of ${rounds} rounds`, '', ...TABLE_HEAD);
  const outcomes = await runAll(trials, rounds, values.json);
  if (!values.json) sayLines('', ...toFootnotes(outcomes));
  return outcomes.some(({ sides }) => sides.some(({ faults }) => faults.length > 0)) ? 1 : 0;
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: OPTIONS });
    return { values, words: positionals };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}; see --help`, { cause: error });
  }
}

function readRounds(text: string): number {
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds > 0) return rounds;
  throw new UsageError(`--rounds: "${text}" is not allowed; allowed is a whole number from 1`);
}

async function runAll(trials: readonly Trial[], rounds: number, isJson: boolean): Promise<TrialOutcome[]> {
  const directory = makeDirectory();
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const logs = new PreparedLogs(directory);
  const outcomes: TrialOutcome[] = [];
  for (const trial of trials) {
    const outcome = await runTrial(trial, { rounds, logs, directory });
    outcomes.push(outcome);
    sayLines(...(isJson ? [JSON.stringify(outcome)] : toRows(trial, outcome)));
  }
  return outcomes;
}

function matches(name: string, words: readonly string[]): boolean {
  return words.length === 0 || words.some((word) => name.includes(word));
}

function sayLines(...lines: readonly string[]): void {
  say(lines.map((line) => `${line}\n`).join(''), 0);
}

function say(text: string, status: number): number {
  process.stdout.write(text);
  return status;
}

function report(error: unknown): number {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  return EXIT_USAGE;
}

// One trial: its sides in alternating rounds, and medians of what they gave.
import type { JobResult } from './load/job.ts';
import { median } from './median.ts';
import type { PreparedLogs } from './prepared-log.ts';
import { runSide } from './run-side.ts';
import { reasonToSkip } from './skip.ts';
import type { Side, Trial } from './trial.ts';

/** What one side gave in all rounds. */
export interface SideOutcome {
  readonly side: string;
  /** Medians, by name. */
  readonly figures: Readonly<Record<string, number>>;
  readonly rounds: readonly JobResult[];
  readonly generatorBusy: number;
  readonly brokerBusy: number;
  readonly othersBusy: number;
  readonly faults: readonly string[];
}

export interface TrialOutcome {
  readonly trial: string;
  readonly sides: readonly SideOutcome[];
  /** Why sides were left out. */
  readonly skipped: readonly string[];
}

export interface RunOptions {
  readonly rounds: number;
  readonly logs: PreparedLogs;
  readonly directory: string;
}

/** Runs it; without our side there is nothing to compare, and it is left out. */
export async function runTrial(trial: Trial, options: RunOptions): Promise<TrialOutcome> {
  const { wanted, skipped } = await chooseSides(trial, options);
  const results = new Map<Side, JobResult[]>(wanted.map((side) => [side, []]));
  for (let round = 0; round < options.rounds; round++) {
    for (const [side, rounds] of results)
      rounds.push(await runSide(side, options.logs, options.directory).catch(failed));
  }
  return {
    trial: trial.name,
    skipped,
    sides: [...results].map(([side, rounds]) => summarise(side, rounds)),
  };
}

async function chooseSides(trial: Trial, { directory }: RunOptions): Promise<Chosen> {
  const wanted: Side[] = [];
  const skipped: string[] = [];
  for (const side of trial.sides) {
    const reason = await reasonToSkip(side, directory);
    if (reason === undefined) wanted.push(side);
    else skipped.push(`${side.name}: ${reason}`);
    if (wanted.length === 0) break;
  }
  return { wanted, skipped };
}

interface Chosen {
  readonly wanted: readonly Side[];
  readonly skipped: readonly string[];
}

// A round that broke off is a fault, not the end of the run.
function failed(error: unknown): JobResult {
  return {
    figures: {},
    faults: [(error as Error).message],
    generatorBusy: Number.NaN,
    brokerBusy: Number.NaN,
    othersBusy: Number.NaN,
  };
}

function summarise({ name }: Side, rounds: readonly JobResult[]): SideOutcome {
  const keys = new Set(rounds.flatMap(({ figures }) => Object.keys(figures)));
  const medianOf = (key: string): number => median(rounds.map(({ figures }) => figures[key] ?? Number.NaN));
  return {
    side: name,
    figures: Object.fromEntries([...keys].map((key) => [key, medianOf(key)])),
    rounds,
    generatorBusy: median(rounds.map((round) => round.generatorBusy)),
    brokerBusy: median(rounds.map((round) => round.brokerBusy)),
    othersBusy: median(rounds.map((round) => round.othersBusy)),
    faults: [...new Set(rounds.flatMap(({ faults }) => faults))],
  };
}

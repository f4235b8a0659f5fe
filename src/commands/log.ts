// `gitpubsub log check` and `gitpubsub log backup`: looks after a database, whether a broker uses it or not.
import { closeSync, existsSync, openSync, statSync } from 'node:fs';
import { backUpLog } from '../eventlog/sqlite/log-backup.ts';
import { checkLog, type LogReport } from '../eventlog/sqlite/log-check.ts';
import { EXIT_FAILURE, EXIT_NO_INPUT } from './exit-status.ts';

const WAY_OUT =
  'The way out of damage: stop the broker, keep a copy of the file and of the -wal file beside it, then put a backup in its place, ' +
  'or move it away to start with an empty log. docs/operations.md says how.';

/** Says what a database holds and what is wrong with it. Returns the exit status: 0 when nothing is. */
export function runLogCheck(path: string): number {
  const obstacle = findObstacle(path);
  if (obstacle !== undefined) return complain(obstacle, EXIT_NO_INPUT);
  const report = checkLog(path);
  process.stdout.write(`${[path, ...describeReport(report)].join('\n')}\n`);
  if (report.findings.length === 0) return 0;
  return complain(`${path} does not pass. ${WAY_OUT}`, EXIT_FAILURE);
}

/** Copies a database, and checks the copy. Returns the exit status: 0 when it can be used. */
export function runLogBackup(path: string, copy: string): number {
  const obstacle = findObstacle(path);
  if (obstacle !== undefined) return complain(obstacle, EXIT_NO_INPUT);
  if (existsSync(copy)) return complain(`${copy}: something is there already`, EXIT_FAILURE);
  try {
    backUpLog(path, copy);
  } catch (error) {
    return complain(`${path} cannot be copied to ${copy}: ${(error as Error).message}`, EXIT_FAILURE);
  }
  return runLogCheck(copy);
}

/** Why a file can't be read; `undefined` if it can. */
export function findObstacle(path: string): string | undefined {
  try {
    if (!statSync(path).isFile()) return `${path} is no file`; // To open a pipe would wait for its writer.
    closeSync(openSync(path, 'r'));
    return undefined;
  } catch (error) {
    return `${path} cannot be read: ${(error as Error).message}`;
  }
}

function describeReport({
  fileBytes,
  state,
  schemaVersion,
  events,
  keyCount,
  findings,
}: LogReport): string[] {
  const held = state && [
    `  log      ${state.id}, schema ${schemaVersion}, ${fileBytes} bytes`,
    `  events   ${events.count}${events.count === 0 ? '' : `, offsets ${state.pruned.offset + 1} to ${state.lastOffset}`}, ${events.payloadBytes} bytes of payload`,
    ...(events.count === 0 ? [] : [`  times    ${toIso(events.firstTimeMs)} to ${toIso(events.lastTimeMs)}`]),
    `  pruned   ${state.pruned.offset === 0 ? 'nothing yet' : `up to offset ${state.pruned.offset}`}`,
    `  keys     ${keyCount}`,
  ];
  const result = findings.length === 0 ? ['no damage found'] : findings;
  return [...(held ?? []), ...result.map((text) => `  result   ${text}`)];
}

function toIso(timeMs: number | undefined): string {
  return timeMs === undefined ? '?' : new Date(timeMs).toISOString();
}

function complain(text: string, status: number): number {
  process.stderr.write(`gitpubsub: ${text}\n`);
  return status;
}

// `gitpubsub log audit`: who published each event, one a line, whether a broker uses the database or not.
import { GitPubSubError } from '../core/errors.ts';
import { toPrintable } from '../core/printable.ts';
import { parseWrittenPrefix, ROOT_TOPIC, type Topic } from '../core/topic.ts';
import { readAudit, type AuditEntry, type AuditRequest } from '../eventlog/sqlite/log-audit.ts';
import { EXIT_FAILURE, EXIT_NO_INPUT } from './exit-status.ts';
import { parseMoment } from './flag-values.ts';
import { findObstacle } from './log.ts';
import { notify } from './notices.ts';
import { isReaderGone, printLine } from './standard-output.ts';
import { readOutput } from './subscribe-flags.ts';

/** As they were typed. */
export interface AuditFlags {
  readonly since?: string;
  readonly topic?: string;
  readonly output?: string;
}

/** Said of an event that was stored before publishers were kept. */
const UNKNOWN = 'not known';

/** Prints what is held. Returns the exit status. @throws GitPubSubError `invalid-usage` */
export async function runLogAudit(path: string, flags: AuditFlags): Promise<number> {
  const request = { sinceMs: readSinceMs(flags.since), prefix: readPrefix(flags.topic) };
  const toLine = readOutput(flags.output) ? toText : toJson;
  const obstacle = findObstacle(path);
  if (obstacle !== undefined) return complain(obstacle, EXIT_NO_INPUT);
  try {
    await printAll(path, request, toLine);
    return 0;
  } catch (error) {
    if (isReaderGone(error)) throw error;
    return complain(`${path} cannot be read: ${(error as Error).message}`, EXIT_FAILURE);
  }
}

async function printAll(
  path: string,
  request: AuditRequest,
  toLine: (entry: AuditEntry) => string,
): Promise<void> {
  for (const entry of readAudit(path, request)) await printLine(toLine(entry));
}

function readSinceMs(text: string | undefined): number {
  return text === undefined ? 0 : parseMoment('--since', text, Date.now()) * 1000;
}

function readPrefix(text: string | undefined): Topic {
  if (text === undefined) return ROOT_TOPIC;
  try {
    return parseWrittenPrefix(text);
  } catch (error) {
    if (!(error instanceof GitPubSubError)) throw error;
    throw new GitPubSubError('invalid-usage', `--topic: ${error.message}`);
  }
}

function toJson({ timeMs, offset, topic, publisher }: AuditEntry): string {
  const time = new Date(timeMs).toISOString();
  return JSON.stringify({ time, offset, topic, publisher: publisher ?? null });
}

function toText({ timeMs, offset, topic, publisher = UNKNOWN }: AuditEntry): string {
  return toPrintable([new Date(timeMs).toISOString(), offset, publisher, topic].join('  '));
}

function complain(text: string, status: number): number {
  notify(text);
  return status;
}

// One run of a shell command for one event.
import { spawn, type ChildProcess } from 'node:child_process';
import { describeError } from '../../client/answer.ts';
import type { StreamEvent } from '../../client/stream-item.ts';
import { environmentFor } from './environment.ts';

/** Runs it, the event on its standard input. Gives what went wrong, in starting it as well; undefined if it ended with status 0. */
export function runCommand(
  command: string,
  event: StreamEvent,
  attempt: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    try {
      const child = start(command, event, attempt);
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(describeExit(code, signal)));
      // Why it may have none: where there are no descriptors left for it.
      child.stdin?.on('error', ignore); // Why: it need not read what it is given.
      child.stdin?.end(`${event.line}\n`);
    } catch (error) {
      resolve(describeError(error)); // Such as no memory, or too much for an environment.
    }
  });
}

function start(command: string, event: StreamEvent, attempt: number): ChildProcess {
  return spawn('/bin/sh', ['-c', command], {
    env: environmentFor(event, attempt, process.env),
    stdio: ['pipe', 'inherit', 'inherit'],
    detached: true, // Why: Ctrl-C is for gitpubsub, which then waits for its commands.
  });
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string | undefined {
  if (code === 0) return undefined;
  return signal === null ? `it ended with status ${code}` : `it was ended by ${signal}`;
}

function ignore(): void {}

// One run of a shell command for one event.
import { spawn, type ChildProcess } from 'node:child_process';
import { describeError } from '../../client/answer.ts';
import type { StreamEvent } from '../../client/stream-item.ts';
import { environmentFor } from './environment.ts';

/** How a command is run. */
export interface RunOptions {
  /** 1 for the first time, and one more with each retry. */
  readonly attempt: number;
  /** How long it may take; no limit if not given. */
  readonly timeoutMs?: number | undefined;
  /** How long it then has to end by itself; 10 seconds if not given. */
  readonly graceMs?: number;
}

const GRACE_MS = 10_000;

/** Runs it, the event on its standard input. Gives what went wrong, in starting it as well; undefined if it ended with status 0. */
export function runCommand(
  command: string,
  event: StreamEvent,
  { attempt, timeoutMs, graceMs = GRACE_MS }: RunOptions,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    try {
      const child = start(command, event, attempt);
      const limit = timeoutMs === undefined ? undefined : new TimeLimit(child, timeoutMs, graceMs);
      child.once('error', (error) => {
        limit?.stop();
        resolve(error.message);
      });
      child.once('exit', (code, signal) => {
        limit?.stop();
        resolve(
          limit?.isExceeded === true ? `it took longer than ${timeoutMs} ms` : describeExit(code, signal),
        );
      });
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

/** Ends a command that takes too long, with all that it has started in its process group. */
class TimeLimit {
  readonly #child: ChildProcess;
  readonly #graceMs: number;
  #timer: ReturnType<typeof setTimeout>;
  #isExceeded = false;

  constructor(child: ChildProcess, timeoutMs: number, graceMs: number) {
    this.#child = child;
    this.#graceMs = graceMs;
    this.#timer = setTimeout(() => this.#exceed(), timeoutMs);
  }

  /** Whether it took too long. */
  get isExceeded(): boolean {
    return this.#isExceeded;
  }

  /** The command has ended; if it had to, so does what is left of its group. */
  stop(): void {
    clearTimeout(this.#timer);
    if (this.#isExceeded) this.#signal('SIGKILL');
  }

  #exceed(): void {
    this.#isExceeded = true;
    this.#signal('SIGTERM');
    this.#timer = setTimeout(() => this.#signal('SIGKILL'), this.#graceMs);
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    try {
      if (pid !== undefined) process.kill(-pid, signal);
    } catch {
      // Nothing is left of it.
    }
  }
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string | undefined {
  if (code === 0) return undefined;
  return signal === null ? `it ended with status ${code}` : `it was ended by ${signal}`;
}

function ignore(): void {}

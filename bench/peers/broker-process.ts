// A broker under measurement: a process on a free port of loopback, with a directory of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from '../load/job.ts';

export interface RunningBroker {
  readonly target: Target;
  /** From its start to its first answer. */
  readonly startMs: number;
  /** Ends it and removes its directory. */
  readonly stop: () => Promise<void>;
}

/** How a broker is started. */
export interface BrokerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Lines of the head that its subscribers need. */
  readonly headers?: readonly string[];
}

/** Where databases lie while they are measured. */
export const BENCH_DIRECTORY: string = process.env['BENCH_DIRECTORY'] ?? tmpdir();

/** Where commands are looked for: Debian has nginx where only root looks. */
export const SEARCH_PATH: string = `${process.env['PATH']}:/usr/sbin`;

/** How long a broker may take until it answers, in milliseconds; reading a large log is part of it. */
const START_DEADLINE_MS = 60_000;

/** How long it may take to end before it is killed, in milliseconds. */
const STOP_DEADLINE_MS = 12_000;

/** Time between two tries to reach a broker that starts, in milliseconds; the resolution of `startMs`. */
const RETRY_MS = 2;

/** Makes a directory of the bench. */
export function makeDirectory(): string {
  return mkdtempSync(join(BENCH_DIRECTORY, 'gitpubsub-bench-'));
}

/** Starts a broker and waits for its first answer; `prepare` gets its directory and port. */
export async function startProcess(
  prepare: (directory: string, port: number) => BrokerCommand,
): Promise<RunningBroker> {
  const directory = makeDirectory();
  const port = await findFreePort();
  const { command, args, environment, headers = [] } = prepare(directory, port);
  const startMs = performance.now();
  // A group of its own: an external command may be a shell with children.
  const child = spawn(command, args, {
    env: { PATH: SEARCH_PATH, PORT: String(port), ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });
  // Why: it has a group of its own, and would outlive a bench that is interrupted.
  const abandon = (): void => {
    killGroup(child, 'SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', abandon);
  const stop = async (): Promise<void> => {
    await endProcess(child);
    process.removeListener('exit', abandon);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await Promise.race([whenAnswering(port), whenFailed(child)]);
    const answeredMs = performance.now();
    return { target: { port, pids: family(child.pid), headers }, startMs: answeredMs - startMs, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function whenAnswering(port: number): Promise<void> {
  const deadlineMs = performance.now() + START_DEADLINE_MS;
  while (!(await isAnswering(port))) {
    if (performance.now() > deadlineMs) throw new Error('the broker does not answer');
    await sleep(RETRY_MS);
  }
}

// Any answer will do: not every broker knows HEAD.
function isAnswering(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () =>
      socket.write('HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
    );
    socket.once('data', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

function whenFailed(child: ChildProcess): Promise<never> {
  return new Promise((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`the broker ended with status ${code} before it answered`)),
    );
  });
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  killGroup(child, 'SIGTERM');
  const timer = setTimeout(() => killGroup(child, 'SIGKILL'), STOP_DEADLINE_MS);
  await ended;
  clearTimeout(timer);
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid !== undefined && isRunning(child)) process.kill(-child.pid, signal);
}

function isRunning({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null;
}

// The process and what it has started; only itself where the system does not tell.
function family(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    return [pid, ...children.flatMap((child) => family(Number(child)))];
  } catch {
    return [pid];
  }
}

function findFreePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

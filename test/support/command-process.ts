// The built command line as a process of its own: what it prints, how it ends. It knows nothing of what the commands do.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { tmpdir } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { ProcessExit } from './broker-process.ts';
import { withDeadline } from './deadline.ts';

const cliPath = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export interface CommandOptions {
  /** Given on standard input, which then ends; by default there is none. */
  readonly input?: string;
  /** Standard input does not end before `endInput`. */
  readonly keepsInputOpen?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

/** One run of the command line; killed at the end of the running test, if it still runs then. */
export class CommandProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #exit: Promise<ProcessExit>;
  readonly #args: readonly string[];
  #stdout = '';
  #stderr = '';
  #notify: () => void = () => undefined;

  constructor(
    args: readonly string[],
    { input = '', environment = {}, keepsInputOpen = false }: CommandOptions = {},
  ) {
    this.#args = args;
    this.#child = spawn(process.execPath, [cliPath, ...args], {
      cwd: tmpdir(),
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child.stdin.on('error', () => undefined);
    this.#child.stdin.write(input);
    if (!keepsInputOpen) this.#child.stdin.end();
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => this.#add('stdout', text));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => this.#add('stderr', text));
    this.#exit = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        resolve({ code, signal });
        this.#notify();
      });
    });
    onTestFinished(() => void this.#child.kill('SIGKILL'));
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The whole lines of standard output so far. */
  get lines(): readonly string[] {
    return this.#stdout.split('\n').slice(0, -1);
  }

  sendSignal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Gives the rest of its standard input. */
  endInput(text: string): void {
    this.#child.stdin.end(text);
  }

  /** Closes the reading end of its standard output, as `head` does. */
  stopReading(): void {
    this.#child.stdout.destroy();
  }

  /** Resolves once the condition on what it has printed is met. */
  async waitUntil(isMet: () => boolean, what: string, deadlineMs?: number): Promise<void> {
    const met = new Promise<void>((resolve) => {
      this.#notify = () => {
        if (isMet()) resolve();
      };
      this.#notify();
    });
    await withDeadline(met, () => this.#describe(what), deadlineMs);
  }

  /** Resolves once it has printed so many lines. */
  waitForLines(count: number, deadlineMs?: number): Promise<void> {
    return this.waitUntil(() => this.lines.length >= count, `${count} lines`, deadlineMs);
  }

  /** Resolves once it has said something on standard error. */
  waitForNotice(text: string): Promise<void> {
    return this.waitUntil(() => this.#stderr.includes(text), `the notice ${text}`);
  }

  /** The exit; it is killed if it does not end within the deadline. */
  waitForExit(deadlineMs = 20_000): Promise<ProcessExit> {
    return withDeadline(this.#exit, () => this.#describe('an end'), deadlineMs);
  }

  #add(stream: 'stdout' | 'stderr', text: string): void {
    if (stream === 'stdout') this.#stdout += text;
    else this.#stderr += text;
    this.#notify();
  }

  #describe(what: string): string {
    return `gitpubsub ${this.#args.join(' ')}: ${what}\n${this.#stdout.slice(-2_000)}\n${this.#stderr.slice(-2_000)}`;
  }
}

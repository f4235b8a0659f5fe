// Starts the built broker as a process of its own and owns its directory, its exit and what it printed.
// It knows the command line only: nothing from src/ is imported.

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withDeadline } from './deadline.ts';
import type { CertificateAuthority, TestCertificate } from './certificates.ts';
import type { Target } from './raw-http.ts';

const cliPath = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** How a process ended: a code, or the signal that killed it. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface BrokerOptions {
  /** Flags after `serve --database …`, for instance `['--keep-alive-seconds', '0.3']`. */
  readonly flags?: readonly string[];
  /** Listens on a Unix socket in the broker's directory instead of a port. */
  readonly onUnixSocket?: boolean;
  /** Listens on the same port again after each restart, as clients that reconnect by themselves need it. */
  readonly keepsPort?: boolean;
  /** Variables beside PATH; nothing else is inherited. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Files by their names, there before its first start in the directory that it is started in. */
  readonly files?: Readonly<Record<string, string>>;
  /** Listens by TLS, with a certificate of this authority. */
  readonly authority?: CertificateAuthority;
  /** The limit of open files, as `ulimit -n` sets it. */
  readonly openFiles?: number;
}

/** One broker on loopback (any free port) or a Unix socket, with a database of its own in a temporary directory. */
export class BrokerProcess {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'gitpubsub-test-'));
  readonly #options: BrokerOptions;
  #port = '0';
  #child: ChildProcess | undefined;
  #target: Target | undefined;
  #certificate: TestCertificate | undefined;
  #exit: Promise<ProcessExit> = Promise.resolve({ code: null, signal: null });
  #output = '';
  #stderr = '';
  readonly #killOnExit = (): void => {
    this.#child?.kill('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  };
  // Why: a worker of the test runner that is terminated has no exit event, and a stuck broker would outlive it.
  readonly #killOnSignal = (): void => {
    this.#killOnExit();
    if (process.listenerCount('SIGTERM') === 0) process.kill(process.pid, 'SIGTERM');
  };

  private constructor(options: BrokerOptions) {
    this.#options = options;
    process.once('exit', this.#killOnExit);
    process.once('SIGTERM', this.#killOnSignal);
  }

  /** Resolves once the broker says that it is listening. */
  static async start(options: BrokerOptions = {}): Promise<BrokerProcess> {
    const broker = new BrokerProcess(options);
    try {
      for (const [name, text] of Object.entries(options.files ?? {}))
        writeFileSync(join(broker.directory, name), text);
      if (options.keepsPort === true) broker.#port = await findFreePort();
      await broker.launch();
    } catch (error) {
      await broker.dispose();
      throw error;
    }
    return broker;
  }

  get databasePath(): string {
    return join(this.directory, 'gitpubsub.db');
  }

  get socketPath(): string {
    return join(this.directory, 'gitpubsub.sock');
  }

  /** Where to connect; another port after each restart, unless it `keepsPort`. */
  get target(): Target {
    if (this.#target === undefined) throw new TypeError('the broker is not listening');
    return this.#target;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new TypeError('the broker is not running');
    return pid;
  }

  /** The files of its certificate. @throws TypeError without TLS */
  get certificate(): TestCertificate {
    if (this.#certificate === undefined) throw new TypeError('the broker has no TLS');
    return this.#certificate;
  }

  /** The log since the last launch. */
  get stdout(): string {
    return this.#output;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The lines of its log since it was launched. */
  get lines(): readonly Readonly<Record<string, unknown>>[] {
    return this.#output
      .split('\n')
      .map(parseLogLine)
      .filter((line) => line !== undefined);
  }

  /** What its log says since it was launched: the messages, in order. */
  get messages(): readonly string[] {
    return this.lines.flatMap(({ msg }) => (typeof msg === 'string' ? [msg] : []));
  }

  /** Starts the process on the same database; use `restart` unless it has ended already. */
  async launch(): Promise<void> {
    this.#output = '';
    this.#stderr = '';
    const where =
      this.#options.onUnixSocket === true ? ['--socket', this.socketPath] : ['--port', this.#port];
    const args = [
      'serve',
      ...where,
      '--database',
      this.databasePath,
      ...this.#tlsFlags(),
      ...(this.#options.flags ?? []),
    ];
    const child = spawn(...composeCommand(args, this.#options.openFiles), {
      cwd: this.directory,
      env: cleanEnvironment(this.#options.environment),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#exit = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#child = undefined;
        resolve({ code, signal });
      });
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    const listening = new Promise<Target>((resolve) => {
      let isListening = false;
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
        if (isListening) return;
        const address = findListeningAddress(this.#output);
        if (address === undefined) return;
        isListening = true;
        resolve(parseAddress(address, this.#options.authority));
      });
    });
    const failed = this.#exit.then((exit): never => {
      throw new Error(
        `the broker ended before it listened: ${JSON.stringify(exit)}\n${this.#describeOutput()}`,
      );
    });
    failed.catch(() => undefined);
    this.#target = await withDeadline(
      Promise.race([listening, failed]),
      () => `the broker says that it is listening\n${this.#describeOutput()}`,
    );
  }

  sendSignal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** The exit; a broker that does not end within the deadline is killed and the promise rejects. */
  async waitForExit(deadlineMs: number = 15_000): Promise<ProcessExit> {
    try {
      return await withDeadline(
        this.#exit,
        () => `the broker ends
${this.#describeOutput()}`,
        deadlineMs,
      );
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  /** SIGTERM, and the exit. */
  async stop(): Promise<ProcessExit> {
    this.sendSignal('SIGTERM');
    return this.waitForExit();
  }

  /** SIGKILL, and the exit. */
  async kill(): Promise<ProcessExit> {
    this.sendSignal('SIGKILL');
    return this.#exit;
  }

  /** Stops the broker as an operator would and starts it again on the same database. */
  async restart(): Promise<void> {
    await this.stop();
    await this.launch();
  }

  /** Copies everything in the directory of a stopped broker elsewhere, as an operator's backup would. */
  async saveDirectory(destination: string): Promise<void> {
    await cp(this.directory, destination, { recursive: true });
  }

  /** Puts the files of an earlier `saveDirectory` in the place of those of a stopped broker. */
  async restoreDirectory(source: string): Promise<void> {
    for (const name of readdirSync(this.directory)) {
      await rm(join(this.directory, name), { recursive: true, force: true });
    }
    await cp(source, this.directory, { recursive: true });
  }

  /** Kills the process if it still runs, and removes its directory. */
  async dispose(): Promise<void> {
    process.removeListener('exit', this.#killOnExit);
    process.removeListener('SIGTERM', this.#killOnSignal);
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  #tlsFlags(): string[] {
    const { authority } = this.#options;
    if (!authority) return [];
    this.#certificate ??= authority.issue(basename(this.directory));
    return ['--tls-cert', this.#certificate.certPath, '--tls-key', this.#certificate.keyPath];
  }

  #describeOutput(): string {
    return `stdout: ${this.#output.slice(-2000)}\nstderr: ${this.#stderr.slice(-2000)}`;
  }
}

/** Runs the command line to its end, for starts that must fail. */
export async function runCommandLine(
  args: readonly string[],
  { openFiles }: Pick<BrokerOptions, 'openFiles'> = {},
): Promise<ProcessExit & { readonly stdout: string; readonly stderr: string }> {
  const child = spawn(...composeCommand(args, openFiles), {
    cwd: tmpdir(),
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const closed = new Promise<ProcessExit>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal });
    });
  });
  try {
    const exit = await withDeadline(closed, () => `gitpubsub ${args.join(' ')} ends\n${stdout}\n${stderr}`);
    return { ...exit, stdout, stderr };
  } finally {
    child.kill('SIGKILL');
  }
}

// Why not the port that a broker with port 0 got: only a port that was asked for can be taken again while old connections linger.
async function findFreePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new TypeError('a port has a number');
  return String(address.port);
}

// The shell gives way to the broker, so that the process that was started is the broker either way.
function composeCommand(args: readonly string[], openFiles: number | undefined): [string, string[]] {
  if (openFiles === undefined) return [process.execPath, [cliPath, ...args]];
  const script = `ulimit -n ${String(openFiles)}; exec "$0" "$@"`;
  return ['sh', ['-c', script, process.execPath, cliPath, ...args]];
}

function cleanEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], ...extra };
}

function findListeningAddress(output: string): string | undefined {
  for (const line of output.split('\n')) {
    if (!line.includes('"listening"')) continue;
    const entry = parseLogLine(line);
    if (entry?.['msg'] === 'listening' && typeof entry['address'] === 'string') return entry['address'];
  }
  return undefined;
}

function parseLogLine(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    // Why: the last line may be cut where the pipe's buffer ended; it is looked at again with the rest.
    return undefined;
  }
}

function parseAddress(address: string, authority: CertificateAuthority | undefined): Target {
  if (address.startsWith('unix:')) return { path: address.slice('unix:'.length) };
  const url = new URL(address);
  const target = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) };
  return url.protocol === 'https:' && authority ? { ...target, ca: authority.certificate } : target;
}

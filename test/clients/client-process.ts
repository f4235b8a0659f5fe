// The clients that people use, each a script in its own language, and one of them as a running process.
// It knows a client's contract only: `SCRIPT URL [SINCE]`, events on stdout and keep-alives on stderr, each as a line of JSON.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';
import { withDeadline } from '../support/deadline.ts';

/** A client: how it is run, and what it can't do. */
export interface Client {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly script: URL;
  /** Ends with status 0 where the client can run; nothing to ask where that is certain. */
  readonly probe?: readonly [string, ...string[]];
  /** It parses whatever one read gave it, so it knows only events that arrive in one piece, whoever sends them. */
  readonly needsSmallEvents?: true;
}

// Debian's own Python, which Debian's python3-requests belongs to, even where another one comes first on the PATH.
const PYTHON = '/usr/bin/python3';

/** Python's requests waits for the CR LF that closes a chunk; most others don't. */
export const requestsClients: readonly Client[] = [
  {
    name: 'requests, iter_lines()',
    command: [PYTHON],
    script: new URL('python-requests-lines.py', import.meta.url),
    probe: [PYTHON, '-c', 'import requests'],
  },
  {
    name: 'requests, iter_content(None)',
    command: [PYTHON],
    script: new URL('python-requests-content.py', import.meta.url),
    probe: [PYTHON, '-c', 'import requests'],
  },
];

export const curl: Client = {
  name: 'curl -N',
  command: ['sh'],
  script: new URL('curl.sh', import.meta.url),
  probe: ['curl', '--version'],
};

export const clients: readonly Client[] = [
  curl,
  {
    name: 'urllib, line by line',
    command: [PYTHON],
    script: new URL('python-urllib.py', import.meta.url),
    probe: [PYTHON, '--version'],
  },
  ...requestsClients,
  {
    name: 'net/http, line by line',
    command: ['ruby'],
    script: new URL('ruby-lines.rb', import.meta.url),
    probe: ['ruby', '--version'],
  },
  {
    name: 'net/http, piece by piece',
    command: ['ruby'],
    script: new URL('ruby-each-chunk.rb', import.meta.url),
    probe: ['ruby', '--version'],
    needsSmallEvents: true,
  },
  {
    name: 'node:http, joining data events',
    command: [process.execPath],
    script: new URL('./node-http.mjs', import.meta.url),
  },
  {
    name: 'node:http, parsing each data event',
    command: [process.execPath],
    script: new URL('./node-each-data.mjs', import.meta.url),
    needsSmallEvents: true,
  },
  { name: 'fetch', command: [process.execPath], script: new URL('./node-fetch.mjs', import.meta.url) },
];

/** Skips the test, saying why, where the client can't run on this machine. @throws Error instead where CI is `true`. */
export function requireClient(client: Client, context: TestContext): void {
  if (client.probe === undefined) return;
  const [program, ...args] = client.probe;
  const { status } = spawnSync(program, args, { stdio: 'ignore' });
  if (status === 0) return;
  const complaint = `${client.name}: \`${client.probe.join(' ')}\` does not work on this machine`;
  if (process.env['CI'] === 'true') throw new Error(complaint);
  context.skip(complaint);
}

/** One client, subscribed to a URL. */
export class ClientProcess {
  /** The events so far, in the notation of JSON.stringify; a line that is no JSON stands as it came. */
  readonly events: string[] = [];
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #complaints = '';
  #lastKeepAlive: number | undefined;
  #notify: () => void = () => undefined;

  private constructor({ name, command, script }: Client, args: readonly string[]) {
    const [program, ...before] = command;
    this.#name = name;
    // Why a group of its own: the shell's curl has to end with the shell.
    const child = spawn(program, [...before, fileURLToPath(script), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' },
      detached: true,
    });
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => (this.#complaints += `${error.message}\n`));
      child.once('close', () => resolve());
    });
    onLine(child.stdout, (line) => {
      this.events.push(normalize(line));
      this.#notify();
    });
    onLine(child.stderr, (line) => {
      const match = /^\{"stillalive": ?([\d.]+)\}\r?$/.exec(line);
      if (match === null) this.#complaints += `${line}\n`;
      else this.#lastKeepAlive = Number(match[1]);
      this.#notify();
    });
  }

  /** Starts the client; `since` is its second argument. */
  static start(client: Client, url: string, since?: number | string): ClientProcess {
    return new ClientProcess(client, since === undefined ? [url] : [url, String(since)]);
  }

  /** Resolves once it has reported so many events. */
  async waitForEvents(count: number, deadlineMs?: number): Promise<void> {
    await this.#waitUntil(() => this.events.length >= count, `event ${count}`, deadlineMs);
  }

  /** The time of the last keep-alive, once there is one, in epoch seconds. */
  async waitForKeepAlive(): Promise<number> {
    await this.#waitUntil(() => this.#lastKeepAlive !== undefined, 'a keep-alive');
    return this.#lastKeepAlive ?? Number.NaN;
  }

  /** Ends it, and what it has started. */
  async stop(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
    await this.#ended;
  }

  async #waitUntil(isMet: () => boolean, what: string, deadlineMs?: number): Promise<void> {
    const met = new Promise<void>((resolve) => {
      this.#notify = () => {
        if (isMet()) resolve();
      };
      this.#notify();
    });
    const ended = this.#ended.then(() => {
      if (!isMet()) throw new Error(`the client ended: ${this.#describe(what)}`);
    });
    ended.catch(() => undefined);
    await withDeadline(Promise.race([met, ended]), () => this.#describe(what), deadlineMs);
  }

  #describe(what: string): string {
    return `${this.#name} reports ${what}; events so far: ${this.events.length}\n${this.#complaints.slice(-2000)}`;
  }
}

function normalize(line: string): string {
  try {
    return JSON.stringify(JSON.parse(line));
  } catch {
    return line;
  }
}

function onLine(stream: NodeJS.ReadableStream, handle: (line: string) => void): void {
  let pending = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (pending + text).split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) handle(line);
  });
}

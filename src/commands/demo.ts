// `gitpubsub demo`: the whole loop in a throwaway directory: a broker, a subscriber, a repository with the hook, a few pushes.
import { execFile } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { startApp } from '../app.ts';
import { loadConfig } from '../config/load-config.ts';
import type { CommitEvent, PushEvent } from '../core/commit-event.ts';
import { GitPubSubError } from '../core/errors.ts';

/** Longest wait for the events of a push, in milliseconds; they take a few. Beyond it the demo fails. */
const EVENT_DEADLINE_MS = 5_000;

const IDENTITY = ['-c', 'user.name=Ada Lovelace', '-c', 'user.email=ada@example.org'];
// Cuts a line of JSON at commas, so that it fits into a terminal of 80 columns.
const FOLDED = /.{1,72},/g;

// Both lie in a clone as they do in an installed package.
const HOOK_PATH = fileURLToPath(new URL('../../hooks/post-receive', import.meta.url));
const CLI_PATH = fileURLToPath(new URL('../cli.js', import.meta.url));

/**
 * Runs the demo and prints it. Returns the exit status, 0; the directory goes when the process ends.
 * @throws GitPubSubError `cannot-start` if git is missing, or if the demo does not show what it should
 */
export async function runDemo(): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'gitpubsub-demo-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  process.once('SIGINT', () => process.exit(130));
  await runGit(directory, ['--version']);
  await showLoop(directory);
  return 0;
}

async function showLoop(directory: string): Promise<void> {
  const port = await findFreePort();
  const url = new URL(`http://127.0.0.1:${port}/json`);
  say('The whole loop, in a directory that is thrown away afterwards.');
  say('\n1. Start a broker, and subscribe to everything below /json.\n');
  const before = await withBroker(directory, port, async () => {
    const subscriber = await Subscriber.open(url);
    await createRepository(directory, url);
    return showPushes(join(directory, 'widget'), subscriber);
  });
  say('\n4. Stop the broker, start it again, and ask for everything since 0.\n');
  const after = await withBroker(directory, port, async () => {
    const subscriber = await Subscriber.open(url, '0');
    return subscriber.receive(before.length);
  });
  if (after.join() !== before.join()) throw failure('The restart has changed the events.');
  say(`\nAll ${before.length} events are back, in the same order.`);
}

async function withBroker<T>(directory: string, port: number, use: () => Promise<T>): Promise<T> {
  show(`gitpubsub serve --port ${port}`);
  const flags = { port: String(port), database: join(directory, 'gitpubsub.db') };
  const app = await startApp(loadConfig({ flags, env: {} }), pino({ level: 'silent' }));
  try {
    return await use();
  } finally {
    await app.stop();
  }
}

// Why not port 0 for the broker: a socket bound to it leaves its port taken for a minute, and the demo starts it twice.
async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

async function createRepository(directory: string, url: URL): Promise<void> {
  say('\n2. Give a repository the hook.\n');
  await git(directory, 'init', '--bare', '--initial-branch=main', 'widget.git');
  show('cp hooks/post-receive widget.git/hooks/');
  copyFileSync(HOOK_PATH, join(directory, 'widget.git/hooks/post-receive'));
  await git(directory, '-C', 'widget.git', 'config', 'gitpubsub.url', url.origin);
  await git(directory, 'clone', 'widget.git');
}

async function showPushes(work: string, subscriber: Subscriber): Promise<readonly string[]> {
  say('\n3. Push. A | stands before what curl prints: one line of JSON per event,');
  say('   the first in full here, the others in short.\n');
  await commit(work, 'README.md', 'First light');
  await commit(work, 'notes.txt', 'Größer, höher, 漢字');
  await git(work, 'push', 'origin', 'main');
  await subscriber.receive(3);
  say('\n   A branch with a slash in its name, and an annotated tag:\n');
  await git(work, 'checkout', '-b', 'feature/lamp');
  await commit(work, 'lamp.txt', 'Add a lamp');
  await git(work, 'tag', '-a', 'v1.0', '-m', 'The first release');
  await git(work, 'push', 'origin', 'feature/lamp', 'v1.0');
  await subscriber.receive(6);
  say('\n   History rewritten:\n');
  await commit(work, 'lamp.txt', 'Add a brighter lamp', '--amend');
  await git(work, 'push', '--force', 'origin', 'feature/lamp');
  return subscriber.receive(8);
}

/** Prints the events of one stream as they arrive. Plays the part of curl, which not every machine has. */
class Subscriber {
  readonly #lines: string[] = [];
  readonly #arrivals = new EventEmitter();

  /** `since` asks for what was before as well. */
  static async open(url: URL, since?: string): Promise<Subscriber> {
    show(`curl -N ${since === undefined ? '' : `-H 'X-Fetch-Since: ${since}' `}${url.href}`);
    const headers = since === undefined ? {} : { 'X-Fetch-Since': since };
    const [input] = (await once(get(url, { headers, agent: false }), 'response')) as [IncomingMessage];
    const subscriber = new Subscriber();
    void subscriber.#read(createInterface({ input }), since !== undefined);
    return subscriber;
  }

  /** Gives all events, once so many have arrived. */
  async receive(count: number): Promise<readonly string[]> {
    const signal = AbortSignal.timeout(EVENT_DEADLINE_MS);
    while (this.#lines.length < count) {
      await once(this.#arrivals, 'line', { signal }).catch(() => {
        throw failure(`Only ${this.#lines.length} of ${count} events have reached the subscriber.`);
      });
    }
    return this.#lines;
  }

  async #read(lines: AsyncIterable<string>, isReplay: boolean): Promise<void> {
    for await (const line of lines) {
      if (line.startsWith('{"stillalive"')) continue;
      const isWhole = this.#lines.push(line) === 1 && !isReplay;
      say(`   | ${isWhole ? line.replaceAll(FOLDED, '$&\n   | ') : describeEvent(line)}`);
      this.#arrivals.emit('line');
    }
  }
}

function describeEvent(line: string): string {
  const event = JSON.parse(line) as CommitEvent | PushEvent;
  if ('commit' in event) return `commit  ${event.commit.shortHash}  ${event.commit.subject}`;
  const { ref, action, commits, tag } = event.push;
  const name = ref.replace(/^refs\/(heads|tags)\//, '');
  const content = tag === undefined ? `${commits} new commit${commits === 1 ? '' : 's'}` : tag.message.trim();
  return `push    ${name} ${action}: ${content}`;
}

async function commit(work: string, file: string, subject: string, ...options: string[]): Promise<void> {
  writeFileSync(join(work, file), `${subject}\n`);
  await runGit(work, ['add', file]);
  const printed = await git(work, 'commit', ...options, '-m', subject);
  say(`   ${printed.split('\n')[0]}`);
}

async function git(cwd: string, ...args: string[]): Promise<string> {
  show(['git', ...args].map((word) => (/[^\w./:=-]/.test(word) ? `"${word}"` : word)).join(' '));
  return runGit(cwd, args);
}

function runGit(cwd: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('git', [...IDENTITY, ...args], { cwd, env: gitEnvironment() }, (error, stdout, stderr) => {
      for (const line of stderr.match(/^remote: .*/gm) ?? []) say(`   ${line}`);
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT') reject(failure('The demo needs git, and there is none on the PATH.'));
      else reject(failure(`git ${args.join(' ')} failed: ${stderr.trim()}`));
    });
  });
}

// Nothing of the user's own settings; and behind the hook, which evaluates the command, this very gitpubsub.
function gitEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^GIT(PUBSUB)?_/.test(name));
  return {
    ...Object.fromEntries(inherited),
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_GLOBAL: devNull,
    GIT_CONFIG_SYSTEM: devNull,
    GITPUBSUB_COMMAND: '"$DEMO_NODE" "$DEMO_CLI"',
    DEMO_NODE: process.execPath,
    DEMO_CLI: CLI_PATH,
  };
}

function show(command: string): void {
  say(`   $ ${command}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function failure(message: string): GitPubSubError {
  return new GitPubSubError('cannot-start', message);
}

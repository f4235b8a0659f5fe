// What a pusher waits for because of the hook: the same push with an empty hook and with ours, in turn, the broker up, down
// and hanging. Prints the table of bench/README.md. Run it with `npm run bench:hook`, on a machine that is otherwise idle.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from './median.ts';
import { cliPath, PEERS, repository } from './peers/peers.ts';

const ROUNDS = Number(process.env.ROUNDS ?? 7);
const COMMIT_COUNTS = [1, 1_000, 10_000];
const EMPTY_HOOK = '#!/bin/sh\nexec cat >/dev/null\n';

/** What the hook finds where it publishes to. */
interface Target {
  readonly name: string;
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** The same push with an empty hook and with ours, milliseconds each. */
type Pair = readonly [empty: number, ours: number];

const folder = mkdtempSync(join(tmpdir(), 'gitpubsub-bench-'));
const pidFile = join(folder, 'pids');
const command = join(folder, 'gitpubsub');
const git = (...args: string[]): Buffer =>
  execFileSync('git', args, { cwd: folder, env: gitEnvironment(), stdio: 'pipe' });

try {
  await main();
} finally {
  endDeliveries();
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  writeFileSync(pidFile, '');
  // Deliveries are detached: they tell their process id, so that each can be ended after its round.
  writeFileSync(command, `#!/bin/sh\necho $$ >>'${pidFile}'\nexec node '${cliPath}' "$@"\n`);
  chmodSync(command, 0o755);
  say('| commits | broker | empty hook, ms | our hook, ms | added, ms |');
  say('| --- | --- | --- | --- | --- |');
  for (const commitCount of COMMIT_COUNTS) {
    makeSource(`source-${commitCount}`, commitCount);
    for (const start of [startBroker, closedPort, startHanging]) {
      const target = await start();
      say(row(commitCount, target.name, measure(commitCount, target.url)));
      await target.stop();
    }
  }
}

function measure(commitCount: number, url: string): Pair[] {
  const pairs: Pair[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const pair: Pair = [push(commitCount, url, 'empty', round), push(commitCount, url, 'ours', round)];
    if (round > 0) pairs.push(pair); // The first warms up.
  }
  return pairs;
}

function push(commitCount: number, url: string, hook: 'empty' | 'ours', round: number): number {
  const target = join(folder, `${hook}-${round}.git`);
  git('init', '-q', '--bare', target);
  const path = join(target, 'hooks', 'post-receive');
  if (hook === 'ours') symlinkSync(join(repository, 'hooks', 'post-receive'), path);
  else writeFileSync(path, EMPTY_HOOK, { mode: 0o755 });
  git('-C', target, 'config', 'gitpubsub.url', url);
  const started = performance.now();
  git('-C', `source-${commitCount}`, 'push', '-q', target, 'main');
  const elapsedMs = performance.now() - started;
  endDeliveries();
  rmSync(target, { recursive: true, force: true });
  return elapsedMs;
}

function row(commitCount: number, broker: string, pairs: readonly Pair[]): string {
  const columns = [pairs.map(([a]) => a), pairs.map(([, b]) => b), pairs.map(([a, b]) => b - a)];
  return `| ${commitCount} | ${broker} | ${columns.map((column) => median(column).toFixed(0)).join(' | ')} |`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function makeSource(name: string, commitCount: number): void {
  git('init', '-q', '-b', 'main', name);
  const lines: string[] = [];
  for (let i = 0; i < commitCount; i++) {
    lines.push('commit refs/heads/main', `committer B <b@example.org> ${1_700_000_000 + i} +0000`, 'data 8');
    lines.push('a commit', 'M 100644 inline file', `data ${String(i).length}`, String(i), '');
  }
  execFileSync('git', ['fast-import', '--quiet'], { cwd: join(folder, name), input: lines.join('\n') });
}

async function startBroker(): Promise<Target> {
  const { target, stop } = await PEERS.gitpubsub.start({});
  return { name: 'up', url: `http://127.0.0.1:${target.port}`, stop };
}

async function closedPort(): Promise<Target> {
  const { url, stop } = await startHanging();
  await stop();
  return { name: 'down', url, stop: () => Promise.resolve() };
}

async function startHanging(): Promise<Target> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => socket.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const stop = (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  return { name: 'hanging', url: `http://127.0.0.1:${port}`, stop };
}

function endDeliveries(): void {
  for (const pid of readFileSync(pidFile, 'utf8').split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      appendFileSync(join(folder, 'ended'), `${pid}\n`); // It had ended by itself.
    }
  }
  writeFileSync(pidFile, '');
}

function gitEnvironment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    GITPUBSUB_COMMAND: command,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
  };
}

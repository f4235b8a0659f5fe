// What a pusher waits for because of the hook: the same push with an empty hook and with ours, in turn, the broker up, down
// and hanging. Prints the table of bench/README.md. Run it with `npm run bench:hook`, on a machine that is otherwise idle.
import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROUNDS = Number(process.env.ROUNDS ?? 7);
const COMMIT_COUNTS = [1, 1_000, 10_000];
const EMPTY_HOOK = '#!/bin/sh\nexec cat >/dev/null\n';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'gitpubsub-bench-'));
const pidFile = join(folder, 'pids');
const command = join(folder, 'gitpubsub');
const git = (...args) => execFileSync('git', args, { cwd: folder, env: gitEnvironment(), stdio: 'pipe' });

try {
  await main();
} finally {
  endDeliveries();
  rmSync(folder, { recursive: true, force: true });
}

async function main() {
  writeFileSync(pidFile, '');
  // Deliveries are detached: they tell their process id, so that each can be ended after its round.
  writeFileSync(command, `#!/bin/sh\necho $$ >>'${pidFile}'\nexec node '${root}dist/cli.js' "$@"\n`);
  chmodSync(command, 0o755);
  say('| commits | broker | empty hook, ms | our hook, ms | added, ms |');
  say('| --- | --- | --- | --- | --- |');
  for (const commitCount of COMMIT_COUNTS) {
    makeSource(`source-${commitCount}`, commitCount);
    for (const broker of [await startBroker(), await closedPort(), await startHanging()]) {
      say(row(commitCount, broker.name, measure(commitCount, broker.url)));
      await broker.stop();
    }
  }
}

function measure(commitCount, url) {
  const pairs = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const pair = [push(commitCount, url, 'empty', round), push(commitCount, url, 'ours', round)];
    if (round > 0) pairs.push(pair); // The first warms up.
  }
  return pairs;
}

function push(commitCount, url, hook, round) {
  const target = join(folder, `${hook}-${round}.git`);
  git('init', '-q', '--bare', target);
  const path = join(target, 'hooks', 'post-receive');
  if (hook === 'ours') symlinkSync(join(root, 'hooks', 'post-receive'), path);
  else writeFileSync(path, EMPTY_HOOK, { mode: 0o755 });
  git('-C', target, 'config', 'gitpubsub.url', url);
  const started = performance.now();
  git('-C', `source-${commitCount}`, 'push', '-q', target, 'main');
  const elapsedMs = performance.now() - started;
  endDeliveries();
  rmSync(target, { recursive: true, force: true });
  return elapsedMs;
}

function row(commitCount, broker, pairs) {
  const columns = [pairs.map(([a]) => a), pairs.map(([, b]) => b), pairs.map(([a, b]) => b - a)].map(median);
  return `| ${commitCount} | ${broker} | ${columns.join(' | ')} |`;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)].toFixed(0);
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

function makeSource(name, commitCount) {
  git('init', '-q', '-b', 'main', name);
  const lines = [];
  for (let i = 0; i < commitCount; i++) {
    lines.push('commit refs/heads/main', `committer B <b@example.org> ${1_700_000_000 + i} +0000`, 'data 8');
    lines.push('a commit', 'M 100644 inline file', `data ${String(i).length}`, String(i), '');
  }
  execFileSync('git', ['fast-import', '--quiet'], { cwd: join(folder, name), input: lines.join('\n') });
}

async function startBroker() {
  const args = [join(root, 'dist', 'cli.js'), 'serve', '--port', '0', '--database', join(folder, 'bench.db')];
  const broker = spawn('node', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise((resolve) => {
    broker.stdout.on('data', (data) => {
      const address = /"address":"([^"]+)"/.exec(String(data))?.[1];
      if (address) resolve(address);
    });
  });
  const stop = () => new Promise((resolve) => broker.once('exit', resolve) && broker.kill());
  return { name: 'up', url, stop };
}

async function closedPort() {
  const { url, stop } = await listen(() => {});
  await stop();
  return { name: 'down', url, stop: () => {} };
}

async function startHanging() {
  return { name: 'hanging', ...(await listen(() => {})) };
}

async function listen(onConnection) {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    onConnection(socket);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}

function endDeliveries() {
  for (const pid of readFileSync(pidFile, 'utf8').split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      appendFileSync(join(folder, 'ended'), `${pid}\n`); // It had ended by itself.
    }
  }
  writeFileSync(pidFile, '');
}

function gitEnvironment() {
  return {
    ...process.env,
    GITPUBSUB_COMMAND: command,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
  };
}

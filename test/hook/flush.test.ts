// `gitpubsub flush`: the built command line, as people and timers run it.
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { takeLock } from '../../src/hook/delivery-lock.ts';
import { findRepositories } from '../../src/hook/repositories.ts';
import { CLI_PATH } from '../support/background-delivery.ts';
import { pauseFor, pollUntil } from '../support/deadline.ts';
import { setUpGit, type GitFixture } from '../support/git-fixture.ts';
import { GIT_ENVIRONMENT, runProgram, type ProgramResult } from '../support/git-sandbox.ts';

const IS_ROOT = process.geteuid?.() === 0;

// Some account that is not root: nobody's, on most machines.
const OTHER_ACCOUNT = 65_534;

function flush(fixture: GitFixture, ...paths: string[]): Promise<ProgramResult> {
  return runCli(fixture, 'flush', ...paths);
}

function runCli({ sandbox }: GitFixture, ...args: string[]): Promise<ProgramResult> {
  return runProgram([process.execPath, CLI_PATH, ...args], sandbox.root, GIT_ENVIRONMENT, '');
}

async function listRepositories(path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const repository of findRepositories(path)) found.push(repository);
  return found;
}

async function chown(path: string, account: number): Promise<void> {
  await runProgram(['chown', '-hR', `${account}:${account}`, path], '/', process.env, '');
}

// Of the directory and all that is in it, each once.
function ownersOf(directory: string): number[] {
  const names = ['.', ...(readdirSync(directory, { recursive: true }) as string[])];
  return [...new Set(names.map((name) => statSync(join(directory, name)).uid))];
}

async function setUpWaiting(): Promise<GitFixture> {
  const fixture = await setUpGit();
  fixture.sandbox.commit('one');
  await fixture.push('main');
  return fixture;
}

test('it delivers what waits, says so in one line, and then has nothing more to say', async () => {
  const fixture = await setUpWaiting();
  const { sandbox, recorder } = fixture;
  const stdout = `${sandbox.bare}: 2 events published\n`;
  expect(await flush(fixture, sandbox.bare)).toEqual({ status: 0, stdout, stderr: '' });
  expect(recorder.events).toHaveLength(2);
  expect(await flush(fixture, sandbox.bare)).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('what still waits is told, with the reason and status 75', async () => {
  const fixture = await setUpWaiting();
  fixture.recorder.answer = () => ({ status: 401, body: 'Who are you?' });
  const { status, stdout } = await flush(fixture, fixture.sandbox.bare);
  expect(status).toBe(75);
  expect(stdout).toMatch(
    /widget\.git: 0 events published, 1 push waiting, the first since \d{4}-\S+Z \(http:\S+: 401 Who are you\? No token was sent\.\)\n$/,
  );
});

test('what is refused for good is told, and does not wait', async () => {
  const fixture = await setUpWaiting();
  fixture.recorder.answer = () => ({ status: 400 });
  const { status, stdout } = await flush(fixture, fixture.sandbox.bare);
  expect(status).toBe(0);
  expect(stdout).toMatch(/0 events published, 2 refused for good, see gitpubsub\/dead-letter\.ndjson\n$/);
});

test('it finds repositories below a directory, bare or not, and asks a broker that does not answer once', async () => {
  const fixture = await setUpWaiting();
  const { sandbox, recorder } = fixture;
  const tree = join(sandbox.root, 'srv');
  for (const path of ['a/deep/er/one.git', 'two.git', 'checkout/.git']) {
    mkdirSync(join(tree, path, '..'), { recursive: true });
    sandbox.git('clone', '-q', '--bare', '--template=', sandbox.bare, join(tree, path));
    sandbox.git('-C', join(tree, path), 'config', 'gitpubsub.url', recorder.url);
    mkdirSync(join(tree, path, 'gitpubsub', 'spool'), { recursive: true });
    const line = `${'0'.repeat(40)} ${sandbox.git('rev-parse', 'main')} refs/heads/main\n`;
    writeFileSync(join(tree, path, 'gitpubsub', 'spool', '1700000000.5-a.push'), line);
  }
  await recorder.stop();
  const { status, stdout } = await flush(fixture, tree);
  expect(status).toBe(75);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.map((line) => line.slice(tree.length + 1).split(':', 1)[0])).toEqual([
    'a/deep/er/one.git',
    'checkout/.git',
    'two.git',
  ]);
  expect(lines.map((line) => line.includes('did not answer a moment ago'))).toEqual([false, true, true]);
});

test.skipIf(!IS_ROOT)('as root it gives the account of a repository what root made there', async () => {
  const fixture = await setUpWaiting();
  const { sandbox } = fixture;
  const directory = join(sandbox.bare, 'gitpubsub');
  await chown(sandbox.bare, OTHER_ACCOUNT);
  await chown(directory, 0);
  expect((await flush(fixture, sandbox.bare)).status).toBe(0);
  expect(ownersOf(directory)).toEqual([OTHER_ACCOUNT]);
  await chown(directory, 0);
  expect(await flush(fixture, sandbox.bare)).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(ownersOf(directory)).toEqual([OTHER_ACCOUNT]);
});

test.skipIf(!IS_ROOT).each(['a file that is not the hook’s', 'a directory that others write to'])(
  'as root it gives nothing away where there is %s',
  async (trouble) => {
    const fixture = await setUpGit();
    const directory = join(fixture.sandbox.bare, 'gitpubsub');
    await chown(fixture.sandbox.bare, OTHER_ACCOUNT);
    mkdirSync(directory);
    writeFileSync(join(directory, 'log'), '');
    if (trouble.startsWith('a file')) writeFileSync(join(directory, 'key'), '');
    else chmodSync(directory, 0o777);
    await flush(fixture, fixture.sandbox.bare);
    expect(ownersOf(directory)).toEqual([0]);
  },
);

test.skipIf(!IS_ROOT)('as root it follows no link to give something away', async () => {
  const fixture = await setUpGit();
  const { sandbox } = fixture;
  const elsewhere = join(sandbox.root, 'elsewhere');
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, 'log'), '');
  symlinkSync(elsewhere, join(sandbox.bare, 'gitpubsub'));
  await chown(sandbox.bare, OTHER_ACCOUNT);
  await flush(fixture, sandbox.bare);
  expect(ownersOf(elsewhere)).toEqual([0]);
});

test('a repository whose name moves the cursor is shown so that it does not', async () => {
  const fixture = await setUpWaiting();
  const { sandbox } = fixture;
  const name = `${sandbox.root}/\u001b[2J\nodd.git`;
  renameSync(sandbox.bare, name);
  const shown = `${sandbox.root}/\\u001b[2J\\u000aodd.git`;
  const commands = [['hook', 'install'], ['flush'], ['hook', 'status']];
  const results = [];
  for (const command of commands) results.push((await runCli(fixture, ...command, name)).stdout);
  expect(results.map((stdout) => stdout.split('\n')[0])).toEqual([
    `${shown}: installed in the place of ${shown}/hooks/post-receive.before-gitpubsub`,
    `${shown}: 2 events published`,
    shown,
  ]);
});

test('an error of several lines is told in one', async () => {
  const fixture = await setUpWaiting();
  const { sandbox } = fixture;
  const url = fixture.recorder.url.replace('http:', 'https:'); // of which TLS says much
  sandbox.bareGit('config', 'gitpubsub.url', url);
  const { stdout } = await flush(fixture, sandbox.bare);
  expect(stdout.slice(0, -1)).toMatch(/^.*: 0 events published, 1 push waiting, .*https:.*\)$/);
  const status = await runCli(fixture, 'hook', 'status', sandbox.bare);
  expect(status.stdout).toMatch(/^ {2}trouble {4}https:.* \(\d{4}-.*Z\)$/m);
});

test('it waits for a delivery that is at work', async () => {
  const fixture = await setUpWaiting();
  const lock = await takeLock(join(fixture.sandbox.bare, 'gitpubsub', 'lock'), 0);
  const flushing = flush(fixture, fixture.sandbox.bare);
  await pauseFor(300);
  expect(fixture.recorder.requests).toEqual([]);
  await lock?.release();
  expect(await flushing).toMatchObject({ status: 0 });
  expect(fixture.recorder.events).toHaveLength(2);
});

test('what another delivery has delivered meanwhile does not wait any more', async () => {
  const fixture = await setUpWaiting();
  const { bare } = fixture.sandbox;
  const directory = join(bare, 'gitpubsub');
  const lock = await takeLock(join(directory, 'lock'), 0);
  const flushing = flush(fixture, bare);
  const waiter = new RegExp(`-> FLOCK .*:${statSync(join(directory, 'lock')).ino} `);
  await pollUntil(
    () => waiter.test(readFileSync('/proc/locks', 'utf8')) || undefined,
    'it waits for the lock',
  );
  rmSync(join(directory, 'spool'), { recursive: true });
  await lock?.release();
  expect(await flushing).toMatchObject({ status: 0, stdout: `${bare}: nothing waits any more\n` });
});

test('a repository that fails does not keep others from being flushed', async () => {
  const fixture = await setUpWaiting();
  const { sandbox, recorder } = fixture;
  const broken = join(sandbox.root, 'broken.git');
  sandbox.git('clone', '-q', '--bare', '--template=', sandbox.bare, broken);
  renameSync(join(sandbox.bare, 'hooks'), join(sandbox.root, 'hooks'));
  mkdirSync(join(broken, 'gitpubsub'));
  writeFileSync(join(broken, 'gitpubsub', 'spool'), 'in the way');
  const { status, stdout, stderr } = await flush(fixture, broken, sandbox.bare);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^gitpubsub: \S+broken\.git: ENOTDIR.*\n$/);
  expect(stdout).toBe(`${sandbox.bare}: 2 events published\n`);
  expect(recorder.events).toHaveLength(2);
});

test('a path that leads nowhere is a usage error, and the others are flushed', async () => {
  const fixture = await setUpWaiting();
  const { sandbox } = fixture;
  rmSync(join(sandbox.root, 'nowhere'), { force: true });
  expect(await flush(fixture, 'nowhere', sandbox.bare)).toEqual({
    status: 64,
    stdout: `${sandbox.bare}: 2 events published\n`,
    stderr: 'gitpubsub: nowhere: there is no such directory\n',
  });
  expect(await flush(fixture)).toMatchObject({ status: 64 });
});

test('a directory without repositories is told, with status 1', async () => {
  const fixture = await setUpGit();
  mkdirSync(join(fixture.sandbox.root, 'empty'));
  const stderr = 'gitpubsub: empty: there is no git repository here or below\n';
  expect(await flush(fixture, 'empty')).toEqual({ status: 1, stdout: '', stderr });
});

test('a directory whose name is no UTF-8 is told, with status 1, and the others are flushed', async () => {
  const fixture = await setUpWaiting();
  const { sandbox } = fixture;
  const unnamable = Buffer.from(join(sandbox.root, 'l\xe9tin.git'), 'latin1');
  mkdirSync(unnamable);
  onTestFinished(() => rmdirSync(unnamable));
  const { status, stdout, stderr } = await flush(fixture, sandbox.root);
  expect(status).toBe(1);
  expect(stderr).toBe(
    `gitpubsub: ${join(sandbox.root, 'l\uFFFDtin.git')}: what is here or below is passed over, as the name is no UTF-8\n`,
  );
  expect(stdout).toBe(`${sandbox.bare}: 2 events published\n`);
});

test('what waits in a repository whose path is no UTF-8 is delivered from inside', async () => {
  const { sandbox, recorder } = await setUpWaiting();
  const above = Buffer.from(join(sandbox.root, 'l\xe9tin'), 'latin1');
  mkdirSync(above);
  onTestFinished(() => rmSync(above, { recursive: true, force: true }));
  renameSync(sandbox.bare, Buffer.concat([above, Buffer.from('/widget.git')]));
  // By a shell, since node can't name the directory.
  const command = `cd l*tin/widget.git && exec '${process.execPath}' '${CLI_PATH}' deliver .`;
  expect((await runProgram(['sh', '-c', command], sandbox.root, GIT_ENVIRONMENT, '')).status).toBe(0);
  expect(recorder.pushes.map(({ project }) => project)).toEqual(['widget']);
  expect(readdirSync(sandbox.root)).toHaveLength(2); // and nothing beside it, under a name like it
});

test('a path that is no UTF-8 is told as that', async () => {
  const fixture = await setUpGit();
  const { status, stderr } = await flush(fixture, 'l\uFFFDtin.git');
  expect(status).toBe(64);
  expect(stderr).toBe('gitpubsub: l\uFFFDtin.git: this can not be found, as its path is no UTF-8\n');
});

test('what waits because of a wrong setting is told with status 78', async () => {
  const fixture = await setUpWaiting();
  fixture.sandbox.bareGit('config', 'gitpubsub.url', 'localhost:2069');
  expect(await flush(fixture, fixture.sandbox.bare)).toMatchObject({ status: 78 });
});

test.each([
  ['all is well', '/{branch}', 0],
  ['a setting is wrong', '/{brnach}', 78],
])('a delivery in the background ends with the same statuses: %s', async (_, topic, status) => {
  const fixture = await setUpWaiting();
  const { sandbox } = fixture;
  sandbox.bareGit('config', 'gitpubsub.topic', topic);
  expect(await runCli(fixture, 'deliver', sandbox.bare)).toEqual({ status, stdout: '', stderr: '' });
});

test('a linked worktree stands for its repository, which is flushed once', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder } = fixture;
  sandbox.commit('one');
  sandbox.git('worktree', 'add', '-q', '-b', 'side', join(sandbox.root, 'trees', 'linked'));
  sandbox.git('config', 'gitpubsub.url', recorder.url);
  const directory = join(sandbox.work, '.git');
  mkdirSync(join(directory, 'gitpubsub', 'spool'), { recursive: true });
  const line = `${'0'.repeat(40)} ${sandbox.git('rev-parse', 'main')} refs/heads/main\n`;
  writeFileSync(join(directory, 'gitpubsub', 'spool', '1700000000.5-a.push'), line);
  const [trees, ...paths] = [
    join(sandbox.root, 'trees'),
    sandbox.work,
    join(directory, 'worktrees', 'linked'),
  ];
  const { status, stdout } = await runCli(fixture, 'flush', trees, ...paths);
  expect([status, stdout]).toEqual([0, `${directory}: 1 event published\n`]);
  for (const path of [trees, ...paths]) expect(await listRepositories(path)).toEqual([directory]);
  expect(await listRepositories(sandbox.root)).toEqual([directory, sandbox.bare]);
});

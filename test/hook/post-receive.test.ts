// The hook as people install it: the script in a real repository and real pushes. What stands behind it is told apart: often
// a script of the test's own, else the built command line.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { BackgroundDelivery, CLI_PATH } from '../support/background-delivery.ts';
import { pollUntil } from '../support/deadline.ts';
import { setUpGit, deliverOnce, type GitFixture } from '../support/git-fixture.ts';
import { GIT_ENVIRONMENT, HOOK_PATH, runProgram, type GitSandbox } from '../support/git-sandbox.ts';

const IS_ROOT = process.geteuid?.() === 0;

// Some account that is not root: nobody's, on most machines.
const OTHER_ACCOUNT = 65_534;

const TOOLS = [
  'sh',
  'git',
  'cat',
  'chown',
  'date',
  'dirname',
  'flock',
  'id',
  'ls',
  'mkdir',
  'mv',
  'od',
  'readlink',
  'rm',
  'setsid',
  'sync',
  'tr',
  'wc',
];

const FULL_DISK = 'echo "tool: x: No space left on device" >&2; exit 1';

const NOT_NOTED =
  /^remote: gitpubsub: can't write to \S+, so this push is not announced; once that is mended, the next push to the same branch announces its commits *\n$/;

// A repository with the hook and one commit that has not been pushed.
async function setUp(): Promise<GitFixture> {
  const fixture = await setUpGit();
  fixture.sandbox.commit('one', { a: '1' });
  return fixture;
}

function useCommand(sandbox: GitSandbox, command?: string): BackgroundDelivery {
  const delivery = new BackgroundDelivery(sandbox, command);
  onTestFinished(() => delivery.dispose());
  return delivery;
}

// A PATH with what the hook may use, and no `gitpubsub` unless a test adds one.
function makePath({ root }: GitSandbox): string {
  const directory = join(root, 'bin');
  mkdirSync(directory);
  for (const name of TOOLS) {
    const found = execFileSync('sh', ['-c', `command -v ${name}`])
      .toString()
      .trim();
    symlinkSync(found, join(directory, name));
  }
  symlinkSync(process.execPath, join(directory, 'node'));
  return directory;
}

function addProgram(directory: string, name: string, script: string): void {
  rmSync(join(directory, name), { force: true });
  writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, name), 0o755);
}

async function pushQuietly(
  { sandbox }: GitFixture,
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  expect(await sandbox.push(environment, 'origin', 'main')).toEqual({ status: 0, stderr: '' });
}

function expectOnePush({ recorder }: GitFixture): void {
  expect(recorder.events.map(({ event }) => Object.keys(event)[0])).toEqual(['commit', 'push']);
}

function logOf({ bare }: GitSandbox): string {
  return join(bare, 'gitpubsub', 'log');
}

function readLog({ sandbox }: GitFixture): string {
  return existsSync(logOf(sandbox)) ? readFileSync(logOf(sandbox), 'utf8') : '';
}

function spoolOf({ bare }: GitSandbox): string {
  return join(bare, 'gitpubsub', 'spool');
}

test('a copy of the hook runs gitpubsub from the PATH and says nothing', async () => {
  const fixture = await setUp();
  const { sandbox } = fixture;
  const delivery = useCommand(sandbox);
  const path = makePath(sandbox);
  addProgram(path, 'gitpubsub', `exec '${delivery.path}' "$@"`);
  sandbox.bareGit('config', '--unset', 'gitpubsub.command');
  await pushQuietly(fixture, { PATH: path });
  await delivery.finish();
  expectOnePush(fixture);
});

test('a link into a checkout runs what was built there', async () => {
  const fixture = await setUp();
  const { sandbox } = fixture;
  const delivery = useCommand(sandbox);
  rmSync(sandbox.hook);
  symlinkSync(HOOK_PATH, sandbox.hook);
  sandbox.bareGit('config', '--unset', 'gitpubsub.command');
  const path = makePath(sandbox);
  addProgram(path, 'node', `[ "$1" -ef '${CLI_PATH}' ] && shift && exec '${delivery.path}' "$@"`);
  await pushQuietly(fixture, { PATH: path });
  await delivery.finish();
  expectOnePush(fixture);
});

test('the environment names the command before git config does', async () => {
  const fixture = await setUp();
  const { sandbox } = fixture;
  const delivery = useCommand(sandbox);
  sandbox.setCommand('false');
  await pushQuietly(fixture, { GITPUBSUB_COMMAND: `'${delivery.path}'` });
  await delivery.finish();
  expectOnePush(fixture);
});

test('without gitpubsub the push waits in the spool, and nothing is said', async () => {
  const fixture = await setUp();
  const { sandbox } = fixture;
  sandbox.bareGit('config', '--unset', 'gitpubsub.command');
  await pushQuietly(fixture, { PATH: makePath(sandbox) });
  expect(sandbox.list('spool')).toHaveLength(1);
  await fixture.deliver();
  expectOnePush(fixture);
});

test.each(["sh -c 'exit 3'", "sh -c 'kill -9 $$'", "sh -c 'syntax ('", 'unbalanced (', 'no-such-program'])(
  'a command that fails costs nothing: %s',
  async (command) => {
    const fixture = await setUp();
    fixture.sandbox.setCommand(command);
    await pushQuietly(fixture);
    expect(fixture.sandbox.list('spool')).toHaveLength(1);
  },
);

test.each([
  ['no-such-program', /no-such-program/],
  ["sh -c 'echo This node is broken. >&2; exit 1'", /^This node is broken\.$/m],
])('the log says why a command does not start: %s', async (command, reason) => {
  const fixture = await setUp();
  fixture.sandbox.setCommand(command);
  await pushQuietly(fixture);
  await pollUntil(() => (reason.test(readLog(fixture)) ? true : undefined), 'the log says so');
});

test('the log says that there is no gitpubsub', async () => {
  const fixture = await setUp();
  const { sandbox } = fixture;
  sandbox.bareGit('config', '--unset', 'gitpubsub.command');
  const path = makePath(sandbox);
  await pushQuietly(fixture, { PATH: path });
  await pollUntil(() => (readLog(fixture).endsWith('not set.\n') ? true : undefined), 'the log says so');
  expect(readLog(fixture)).toMatch(
    /^\d{4}-\d\d-\d\dT[\d:]+Z gitpubsub is not on the PATH, which is .*\/bin, /,
  );
});

test('what deliveries say does not make the log grow for ever', async () => {
  const fixture = await setUp();
  const { sandbox } = fixture;
  mkdirSync(spoolOf(sandbox), { recursive: true });
  writeFileSync(logOf(sandbox), 'x'.repeat(70_000));
  const delivery = useCommand(sandbox, "sh -c 'echo Trouble. >&2' sh");
  await pushQuietly(fixture);
  await delivery.finish();
  expect(readLog(fixture)).toBe('Trouble.\n');
  expect(statSync(`${logOf(sandbox)}.old`).size).toBe(70_000);
});

test('the push does not wait for its delivery', async () => {
  const fixture = await setUp();
  const delivery = useCommand(fixture.sandbox, 'sleep 60; :');
  await pushQuietly(fixture);
  await pollUntil(() => (delivery.running.length === 1 ? true : undefined), 'the delivery is at work');
});

test('the delivery has no standard streams of the push, and a session of its own', async () => {
  const fixture = await setUp();
  const { sandbox } = fixture;
  const seen = join(sandbox.root, 'seen');
  const delivery = useCommand(
    sandbox,
    `sh -c 'readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2 >${seen}; ps -o pid=,sid= $$ >>${seen}' sh`,
  );
  await pushQuietly(fixture);
  await delivery.finish();
  const [stdin, , stderr, session] = readFileSync(seen, 'utf8').trim().split('\n');
  expect([stdin, stderr]).toEqual(['/dev/null', logOf(sandbox)]);
  const [pid, sid] = session?.trim().split(/ +/) ?? [];
  expect(pid).toBe(sid);
});

test('the hook notes pusher, options and refs, and leaves no other file', async () => {
  const { sandbox } = await setUp();
  const hash = sandbox.git('rev-parse', 'main');
  await sandbox.push(
    { GL_USERNAME: 'ada' },
    'origin',
    '--push-option=a\tb',
    '--push-option=',
    'main',
    'main:x',
  );
  const [name = ''] = sandbox.list('spool');
  expect(name).toMatch(/^\d{10}\.\d{9}-[0-9a-f]{16}\.push$/);
  const zeros = '0'.repeat(40);
  expect(readFileSync(join(spoolOf(sandbox), name), 'utf8')).toBe(
    `pusher=ada\0url=\0namespace=\0option=a\tb\0option=\0${zeros} ${hash} refs/heads/main\n${zeros} ${hash} refs/heads/x\n\0`,
  );
  expect(sandbox.list('.').filter((file) => file !== 'log')).toEqual(['spool']);
});

test('the directories that hold the spool are synced when they are made, and not again', async () => {
  const fixture = await setUp();
  const { sandbox } = fixture;
  const path = makePath(sandbox);
  const synced = join(sandbox.root, 'synced');
  addProgram(path, 'sync', `printf '%s\\n' "$@" >>'${synced}'`);
  const directories = [sandbox.bare, join(sandbox.bare, 'gitpubsub')];
  await pushQuietly(fixture, { PATH: path });
  expect(readFileSync(synced, 'utf8').split('\n').slice(0, 2)).toEqual(directories);
  rmSync(synced);
  sandbox.commit('two');
  await pushQuietly(fixture, { PATH: path });
  expect(readFileSync(synced, 'utf8').split('\n')).not.toContain(sandbox.bare);
});

test('pushes are noted in the order of arrival', async () => {
  const { sandbox, push } = await setUp();
  for (const name of ['z', 'm', 'a']) await push(`main:refs/heads/${name}`);
  const refs = sandbox.list('spool').map((name) =>
    readFileSync(join(spoolOf(sandbox), name), 'utf8')
      .trim()
      .at(-3),
  );
  expect(refs).toEqual(['z', 'm', 'a']);
});

test('the hook reads all that git writes', async () => {
  const { sandbox } = await setUpGit();
  const lines = `${'0'.repeat(40)} ${'1'.repeat(40)} refs/heads/main\n`.repeat(20_000);
  expect(await runProgram([sandbox.hook], sandbox.bare, GIT_ENVIRONMENT, lines)).toMatchObject({
    status: 0,
    stderr: '',
  });
  const [name = ''] = sandbox.list('spool');
  expect(readFileSync(join(spoolOf(sandbox), name), 'utf8').endsWith(`\0${lines}\0`)).toBe(true);
});

test('a push is noted, and nothing said, where date tells no time', async () => {
  const fixture = await setUp();
  const { sandbox } = fixture;
  const path = makePath(sandbox);
  addProgram(path, 'date', 'echo "date: no clock" >&2; exit 1');
  mkdirSync(spoolOf(sandbox), { recursive: true });
  writeFileSync(join(spoolOf(sandbox), `${secondsBefore(2)}.5-b.push`), '');
  await pushQuietly(fixture, { PATH: path });
  expect(sandbox.list('spool')).toHaveLength(2);
  expect(await deliverOnce(sandbox.bare)).toMatchObject({ failure: undefined, storedCount: 2 });
});

test('it takes old, new and ref as arguments', async () => {
  const fixture = await setUpGit();
  const { sandbox, deliver } = fixture;
  const hash = sandbox.commit('one');
  copyFileSync('/bin/true', sandbox.hook);
  await fixture.push('main');
  const command = [HOOK_PATH, '0'.repeat(40), hash, 'refs/heads/main'] as const;
  await runProgram([...command], sandbox.bare, GIT_ENVIRONMENT, '');
  await deliver();
  expectOnePush(fixture);
});

test('arguments and lines that are no push are set aside and hold up nothing', async () => {
  const fixture = await setUp();
  const { sandbox } = fixture;
  expect(await runProgram([HOOK_PATH, 'a'], sandbox.bare, GIT_ENVIRONMENT, '')).toMatchObject({
    status: 0,
    stderr: '',
  });
  expect(await fixture.announce('main')).toBeUndefined();
  expectOnePush(fixture);
  expect(sandbox.list('spool')).toEqual([expect.stringMatching(/\.push\.damaged$/)]);
});

test('a push that the disk had no room for is noted by the delivery', async () => {
  const fixture = await setUp();
  const { sandbox } = fixture;
  const delivery = useCommand(sandbox);
  const path = makePath(sandbox);
  addProgram(path, 'sync', FULL_DISK);
  await pushQuietly(fixture, { PATH: path });
  await delivery.finish();
  expectOnePush(fixture);
});

test('a push that cannot be noted at all is told to the pusher, and held by nobody', async () => {
  const { sandbox } = await setUp();
  const delivery = useCommand(sandbox);
  mkdirSync(join(sandbox.bare, 'gitpubsub'));
  writeFileSync(spoolOf(sandbox), 'in the way');
  const { status, stderr } = await sandbox.push({}, 'origin', 'main');
  expect(status).toBe(0);
  expect(stderr).toMatch(NOT_NOTED);
  expect(delivery.pids).toEqual([]);
});

test('a push that is held and cannot be noted stands in the log', async () => {
  const { sandbox } = await setUp();
  mkdirSync(join(sandbox.bare, 'gitpubsub'));
  writeFileSync(spoolOf(sandbox), 'in the way');
  const command = [process.execPath, CLI_PATH, 'deliver', sandbox.bare, '--held'] as const;
  await runProgram([...command], sandbox.bare, GIT_ENVIRONMENT, 'pusher=a\0');
  const log = readFileSync(join(sandbox.bare, 'gitpubsub', 'log'), 'utf8');
  expect(log).toContain(
    'A push could not be noted; its commits come with the next one to the same ref: EEXIST',
  );
});

test('where the spool cannot be written and nobody holds the push, one line says so', async () => {
  const { sandbox } = await setUp();
  sandbox.bareGit('config', '--unset', 'gitpubsub.command');
  writeFileSync(join(sandbox.bare, 'gitpubsub'), 'in the way');
  const { status, stderr } = await sandbox.push({ PATH: makePath(sandbox) }, 'origin', 'main');
  expect(status).toBe(0);
  expect(stderr).toMatch(NOT_NOTED);
});

test.skipIf(!IS_ROOT)('what the hook makes as root belongs to the account of the repository', async () => {
  const { sandbox } = await setUp();
  const delivery = useCommand(sandbox, 'true');
  await runProgram(['chown', '-R', `${OTHER_ACCOUNT}:${OTHER_ACCOUNT}`, sandbox.bare], '/', process.env, '');
  const command = [sandbox.hook, '0'.repeat(40), '1'.repeat(40), 'refs/heads/main'] as const;
  const environment = { ...GIT_ENVIRONMENT, GIT_DIR: '.' };
  expect(await runProgram([...command], sandbox.bare, environment, '')).toMatchObject({
    status: 0,
    stderr: '',
  });
  await delivery.finish();
  const directory = join(sandbox.bare, 'gitpubsub');
  const names = ['.', ...(readdirSync(directory, { recursive: true }) as string[])];
  expect(names.map((name) => name.replace(/[^/]+\.push$/, '*.push')).toSorted()).toEqual([
    '.',
    'log',
    'spool',
    'spool/*.push',
  ]);
  for (const name of names) {
    const { uid, gid } = statSync(join(directory, name));
    expect([name, uid, gid]).toEqual([name, OTHER_ACCOUNT, OTHER_ACCOUNT]);
  }
});

test.each(['cat', 'sync', 'mv'])(
  'a disk that is full at %s leaves no half file, and the push is held',
  async (tool) => {
    const fixture = await setUp();
    const { sandbox } = fixture;
    const path = makePath(sandbox);
    const held = join(sandbox.root, 'held');
    const delivery = useCommand(sandbox, `sh -c 'head -c 7 >${held}; echo "$@" >>${held}' sh`);
    // The first `cat` is the one that reads the refs.
    addProgram(
      path,
      tool,
      `[ -e '${path}/${tool}-once' ] || [ ${tool} != cat ] && { ${FULL_DISK}; }\n: >'${path}/${tool}-once'\nexec /bin/${tool} "$@"`,
    );
    await pushQuietly(fixture, { PATH: `${path}:/usr/bin` });
    await delivery.finish();
    expect(readFileSync(held, 'utf8')).toBe('pusher=deliver . --held\n');
    expect(sandbox.list('spool')).toEqual([]);
  },
);

function secondsBefore(hours: number): number {
  return Math.floor(Date.now() / 1000) - hours * 3600 - 60;
}

test.each([
  ['with', '000000000007.'],
  ['without', ''],
])(
  'one line says that pushes have been waiting for long, since when, and what to do, %s sequence',
  async (_with, sequence) => {
    const { sandbox } = await setUp();
    mkdirSync(spoolOf(sandbox), { recursive: true });
    mkdirSync(join(sandbox.bare, 'gitpubsub', 'outbox'));
    for (const part of ['000000', '000001']) {
      const name = `${sequence}${secondsBefore(30)}.5-a.${part}.000000.batches`;
      writeFileSync(join(sandbox.bare, 'gitpubsub', 'outbox', name), '');
    }
    writeFileSync(join(spoolOf(sandbox), `${secondsBefore(2)}.5-b.push`), '');
    const { status, stderr } = await sandbox.push({}, 'origin', 'main');
    expect(status).toBe(0);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(
      /gitpubsub: 3 pushes wait to be announced, the first for 30 h;.* `gitpubsub flush` tries again/,
    );
  },
);

test('nothing is said of pushes that have not been waiting for long', async () => {
  const fixture = await setUp();
  mkdirSync(spoolOf(fixture.sandbox), { recursive: true });
  writeFileSync(join(spoolOf(fixture.sandbox), `${Math.floor(Date.now() / 1000) - 3000}.5-b.push`), '');
  await pushQuietly(fixture);
});

test('core.hooksPath works', async () => {
  const fixture = await setUp();
  const { sandbox } = fixture;
  const hooks = join(sandbox.root, 'hooks for all');
  mkdirSync(hooks);
  copyFileSync(sandbox.hook, join(hooks, 'post-receive'));
  rmSync(sandbox.hook);
  sandbox.bareGit('config', 'core.hooksPath', hooks);
  await pushQuietly(fixture);
  await fixture.deliver();
  expectOnePush(fixture);
});

test('a push into a worktree or a linked worktree is one into its repository', async () => {
  const { sandbox, recorder } = await setUp();
  const target = join(sandbox.root, 'checkout');
  sandbox.git('clone', '-q', '--template=', sandbox.work, target);
  sandbox.git('-C', target, 'worktree', 'add', '-q', '-b', 'side', join(sandbox.root, 'linked'));
  for (const [key, value] of [
    ['gitpubsub.url', recorder.url],
    ['gitpubsub.command', 'true'],
    ['receive.denyCurrentBranch', 'ignore'],
  ] as const) {
    sandbox.git('-C', target, 'config', key, value);
  }
  mkdirSync(join(target, '.git', 'hooks'));
  copyFileSync(HOOK_PATH, join(target, '.git', 'hooks', 'post-receive'));
  const hash = sandbox.commit('two');
  for (const [directory, branch] of [
    ['checkout', 'main'],
    ['linked', 'side'],
  ] as const) {
    const result = await sandbox.push({}, join(sandbox.root, directory), `main:${branch}`);
    expect(result).toEqual({ status: 0, stderr: '' });
  }
  expect(readdirSync(join(target, '.git', 'gitpubsub', 'spool'))).toHaveLength(2);
  await deliverOnce(join(target, '.git'));
  expect(recorder.commits.map((commit) => [commit.hash, commit.project])).toEqual([[hash, 'checkout']]);
  expect(recorder.pushes.map(({ ref, commits }) => [ref, commits])).toEqual([
    ['refs/heads/main', 1],
    ['refs/heads/side', 0],
  ]);
});

test('variables of the push do not reach the delivery', async () => {
  const fixture = await setUp();
  const { sandbox } = fixture;
  const delivery = useCommand(sandbox);
  await pushQuietly(fixture, {});
  await delivery.finish();
  const hash = sandbox.commit('two');
  copyFileSync('/bin/true', sandbox.hook);
  await pushQuietly(fixture, {});
  const leaks = {
    GIT_QUARANTINE_PATH: '/nowhere',
    GIT_OBJECT_DIRECTORY: '/nowhere',
    GIT_NAMESPACE: 'x',
    GIT_CONFIG_COUNT: '7',
  };
  const before = sandbox.git('rev-parse', 'main~1');
  const environment = { ...GIT_ENVIRONMENT, ...leaks, GIT_DIR: '.', GITPUBSUB_COMMAND: delivery.path };
  await runProgram([HOOK_PATH, before, hash, 'refs/heads/main'], sandbox.bare, environment, '');
  await pollUntil(
    () => (fixture.recorder.commits.length === 2 ? true : undefined),
    'the second commit is published',
  );
  expect(fixture.recorder.commits[1]?.hash).toBe(hash);
});

test.each([
  ['is for its account alone', 0o755, 0],
  ['that a group shares is for the group', 0o2775, 0o060],
])('what the hook writes into a repository %s', async (_, mode, others) => {
  const fixture = await setUp();
  const { sandbox } = fixture;
  chmodSync(join(sandbox.bare, 'objects'), mode);
  const delivery = useCommand(
    sandbox,
    `sh -c 'umask 022; exec "$0" "$@"' '${process.execPath}' '${CLI_PATH}'`,
  );
  sandbox.bareGit('config', 'gitpubsub.url', 'http://127.0.0.1:9');
  await pushQuietly(fixture);
  const announced = join(sandbox.bare, 'gitpubsub', 'announced.json');
  await pollUntil(() => (existsSync(announced) ? true : undefined), 'the push is taken in');
  delivery.kill();
  const [batches = ''] = sandbox.list('outbox');
  for (const path of ['spool', 'outbox', 'announced.json', join('outbox', batches)])
    expect(statSync(join(sandbox.bare, 'gitpubsub', path)).mode & 0o067).toBe(others);
});

test('what the hook itself notes is for its account alone', async () => {
  const { sandbox, push } = await setUp();
  await push('main');
  const [name = ''] = sandbox.list('spool');
  expect(statSync(join(spoolOf(sandbox), name)).mode & 0o777).toBe(0o600);
});

test('where a group shares the repository, it is for that, be its objects elsewhere', async () => {
  const { sandbox, push } = await setUp();
  const objects = join(sandbox.bare, 'objects');
  renameSync(objects, `${objects}.elsewhere`);
  symlinkSync(`${objects}.elsewhere`, objects);
  chmodSync(objects, 0o775);
  await push('main');
  const [name = ''] = sandbox.list('spool');
  expect(statSync(join(spoolOf(sandbox), name)).mode & 0o777).toBe(0o660);
});

test('settings of the machine count where the server hides them from its own git, as Gitea does', async () => {
  const fixture = await setUp();
  const { sandbox, recorder } = fixture;
  const delivery = useCommand(sandbox);
  for (const key of ['command', 'url']) sandbox.bareGit('config', '--unset', `gitpubsub.${key}`);
  const settings = join(sandbox.root, 'gitconfig');
  writeFileSync(settings, `[gitpubsub]\n\tcommand = ${delivery.path}\n\turl = ${recorder.url}\n`);
  await pushQuietly(fixture, { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_SYSTEM: settings });
  await delivery.finish();
  expectOnePush(fixture);
});

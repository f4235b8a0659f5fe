// The hook as people install it: the script in a real repository, a real push, the built command line.
import { chmodSync, copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { setUpGit, type GitFixture } from '../support/git-fixture.ts';
import { GIT_ENVIRONMENT, runProgram, type GitSandbox, type PushResult } from '../support/git-sandbox.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HOOK = join(ROOT, 'hooks', 'post-receive');
const CLI = join(ROOT, 'dist', 'cli.js');
const COMMAND = `'${process.execPath}' '${CLI}'`;

type Environment = Readonly<Record<string, string>>;

// A repository with a copy of the hook and one commit that has not been pushed.
async function setUpCopy(): Promise<GitFixture> {
  const fixture = await setUpGit();
  copyFileSync(HOOK, hookOf(fixture.sandbox));
  fixture.sandbox.commit('one', { a: '1' });
  return fixture;
}

function hookOf({ bare }: GitSandbox): string {
  return join(bare, 'hooks', 'post-receive');
}

// A PATH with git and little else, and no `gitpubsub` unless a test adds one.
function makePath({ root }: GitSandbox): string {
  const directory = join(root, 'bin');
  mkdirSync(directory);
  for (const name of ['sh', 'git', 'cat', 'dirname', 'readlink']) {
    const found = execFileSync('sh', ['-c', `command -v ${name}`])
      .toString()
      .trim();
    symlinkSync(found, join(directory, name));
  }
  symlinkSync(process.execPath, join(directory, 'node'));
  return directory;
}

function addCommand(directory: string, script: string): void {
  writeFileSync(join(directory, 'gitpubsub'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, 'gitpubsub'), 0o755);
}

function push({ sandbox }: GitFixture, environment: Environment): Promise<PushResult> {
  return sandbox.push(environment, 'origin', 'main');
}

function expectOnePush({ recorder }: GitFixture, result: PushResult): void {
  expect(result).toEqual({ status: 0, stderr: '' });
  expect(recorder.requests.map(({ event }) => Object.keys(event)[0])).toEqual(['commit', 'push']);
}

test('a copy of the hook runs gitpubsub from the PATH and says nothing', async () => {
  const fixture = await setUpCopy();
  const path = makePath(fixture.sandbox);
  addCommand(path, `exec ${COMMAND} "$@"`);
  expectOnePush(fixture, await push(fixture, { PATH: path }));
});

test('git config names the command where it is not on the PATH', async () => {
  const fixture = await setUpCopy();
  fixture.sandbox.bareGit('config', 'gitpubsub.command', COMMAND);
  expectOnePush(fixture, await push(fixture, {}));
});

test('the environment names the command before git config does', async () => {
  const fixture = await setUpCopy();
  fixture.sandbox.bareGit('config', 'gitpubsub.command', 'false');
  expectOnePush(fixture, await push(fixture, { GITPUBSUB_COMMAND: COMMAND }));
});

test('a link into a checkout runs what was built there', async () => {
  const fixture = await setUpCopy();
  rmSync(hookOf(fixture.sandbox));
  symlinkSync(HOOK, hookOf(fixture.sandbox));
  expectOnePush(fixture, await push(fixture, { PATH: makePath(fixture.sandbox) }));
});

test('without gitpubsub the push succeeds and one line says so', async () => {
  const fixture = await setUpCopy();
  const { status, stderr } = await push(fixture, { PATH: makePath(fixture.sandbox) });
  expect(status).toBe(0);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(/^remote: gitpubsub: not found on the PATH/);
});

test.each(['exit 3', 'kill -9 $$', 'syntax ('])(
  'a command that fails does not fail the push: %s',
  async (script) => {
    const fixture = await setUpCopy();
    const { sandbox } = fixture;
    const { status } = await push(fixture, { GITPUBSUB_COMMAND: `sh -c '${script}'` });
    expect(status).toBe(0);
    expect(sandbox.bareGit('rev-parse', 'main').toString().trim()).toBe(sandbox.git('rev-parse', 'main'));
  },
);

test('a command that is no shell command does not fail the push', async () => {
  const fixture = await setUpCopy();
  expect((await push(fixture, { GITPUBSUB_COMMAND: 'unbalanced (' })).status).toBe(0);
});

test('the hook reads all that git writes, also when its command reads nothing', async () => {
  const { sandbox } = await setUpGit();
  const lines = `${'0'.repeat(40)} ${'1'.repeat(40)} refs/heads/main\n`.repeat(20_000);
  const environment = { ...GIT_ENVIRONMENT, GITPUBSUB_COMMAND: 'true' };
  expect(await runProgram([HOOK], sandbox.bare, environment, lines)).toEqual({ status: 0, stderr: '' });
});

test('it takes old, new and ref as arguments', async () => {
  const fixture = await setUpGit();
  const { sandbox } = fixture;
  const hash = sandbox.commit('one');
  await push(fixture, {});
  const command = [HOOK, '0'.repeat(40), hash, 'refs/heads/main'] as const;
  const environment = { ...GIT_ENVIRONMENT, GITPUBSUB_COMMAND: COMMAND };
  expectOnePush(fixture, await runProgram([...command], sandbox.bare, environment, ''));
});

test('another number of arguments is a usage error, which the hook does not pass on', async () => {
  const { sandbox } = await setUpGit();
  const direct = await runProgram(
    [process.execPath, CLI, 'post-receive', 'a'],
    sandbox.bare,
    GIT_ENVIRONMENT,
    '',
  );
  expect(direct.status).toBe(64);
  expect(direct.stderr).toMatch(/^usage: gitpubsub post-receive /);
  const environment = { ...GIT_ENVIRONMENT, GITPUBSUB_COMMAND: COMMAND };
  expect((await runProgram([HOOK, 'a'], sandbox.bare, environment, '')).status).toBe(0);
});

test('GITPUBSUB_URL is used as it stands', async () => {
  const fixture = await setUpCopy();
  const url = `${fixture.recorder.url}/my/own%20topic?x=1`;
  await push(fixture, { GITPUBSUB_COMMAND: COMMAND, GITPUBSUB_URL: url });
  expect(fixture.recorder.requests.map(({ path }) => path)).toEqual(Array(2).fill('/my/own%20topic?x=1'));
});

test('with the broker down the push succeeds and one line says what was not published', async () => {
  const fixture = await setUpCopy();
  const { url } = fixture.recorder;
  await fixture.recorder.stop();
  const { status, stderr } = await push(fixture, { GITPUBSUB_COMMAND: COMMAND });
  expect(status).toBe(0);
  expect(stderr).toMatch(
    new RegExp(`^remote: gitpubsub: 2 of 2 events were not published to ${url}: connect ECONNREFUSED .*\\n$`),
  );
});

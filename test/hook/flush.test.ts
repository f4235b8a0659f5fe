// `gitpubsub flush`: the built command line, as people and timers run it.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { takeLock } from '../../src/hook/delivery-lock.ts';
import { CLI_PATH } from '../support/background-delivery.ts';
import { pauseFor } from '../support/deadline.ts';
import { setUpGit, type GitFixture } from '../support/git-fixture.ts';
import { GIT_ENVIRONMENT, runProgram, type ProgramResult } from '../support/git-sandbox.ts';

function flush({ sandbox }: GitFixture, ...paths: string[]): Promise<ProgramResult> {
  return runProgram([process.execPath, CLI_PATH, 'flush', ...paths], sandbox.root, GIT_ENVIRONMENT, '');
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
    /widget\.git: 0 events published, 1 push waiting, the first since \d{4}-\S+Z \(http:\S+: 401 Who are you\?\)\n$/,
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

test('a repository that fails does not keep others from being flushed', async () => {
  const fixture = await setUpWaiting();
  const { sandbox, recorder } = fixture;
  const broken = join(sandbox.root, 'broken.git');
  sandbox.git('clone', '-q', '--bare', '--template=', sandbox.bare, broken);
  renameSync(join(sandbox.bare, 'hooks'), join(sandbox.root, 'hooks'));
  mkdirSync(join(broken, 'gitpubsub'));
  writeFileSync(join(broken, 'gitpubsub', 'spool'), 'in the way');
  const { status, stdout } = await flush(fixture, broken, sandbox.bare);
  expect(status).toBe(75);
  expect(stdout).toMatch(/^\S+broken\.git: ENOTDIR.*\n\S+widget\.git: 2 events published\n$/);
  expect(recorder.events).toHaveLength(2);
});

test('a path that leads nowhere is a usage error, and the others are flushed', async () => {
  const fixture = await setUpWaiting();
  const { sandbox } = fixture;
  rmSync(join(sandbox.root, 'nowhere'), { force: true });
  const { status, stdout } = await flush(fixture, 'nowhere', sandbox.bare);
  expect(status).toBe(64);
  expect(stdout).toBe(`nowhere: there is no such directory\n${sandbox.bare}: 2 events published\n`);
  expect(await flush(fixture)).toMatchObject({ status: 64 });
});

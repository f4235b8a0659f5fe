// Pushes whose notes lie in the spool in another order than they came in, come late, or are no notes at all.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Git } from '../../src/hook/git.ts';
import { hookFilesOf } from '../../src/hook/hook-files.ts';
import { PushIntake } from '../../src/hook/push-intake.ts';
import { readSettings } from '../../src/hook/settings.ts';
import { setUpGit, type GitFixture } from '../support/git-fixture.ts';
import { GIT_ENVIRONMENT, type GitSandbox } from '../support/git-sandbox.ts';

function spoolPath({ bare }: GitSandbox, name: string): string {
  return join(bare, 'gitpubsub', 'spool', name);
}

function announcedAfters({ recorder }: GitFixture): string[] {
  return recorder.pushes.map(({ after }) => after);
}

// Takes in what is in the spool; `onTaken` is called before a push is noted as announced.
async function takeIn({ bare }: GitSandbox, onTaken: () => void): Promise<void> {
  const git = new Git(bare, GIT_ENVIRONMENT);
  const settings = await readSettings(git, bare, GIT_ENVIRONMENT);
  await new PushIntake(git, hookFilesOf(bare), 0, onTaken).takeAll(settings);
}

test.each([
  ['a first delivery', false],
  ['a later one', true],
])('a clock that is set back between pushes does not reorder them in %s', async (_which, isLater) => {
  const fixture = await setUpGit();
  const { sandbox, recorder, push } = fixture;
  const base = sandbox.commit('base');
  if (isLater) await fixture.announce('main');
  const afters = isLater ? [base] : [];
  for (const seconds of [100, 200, 300]) {
    afters.push(sandbox.commit(`${seconds}`));
    await push('main');
    sandbox.backdateLastPush(seconds);
  }
  expect(await fixture.deliver()).toMatchObject({ failure: undefined });
  expect(announcedAfters(fixture)).toEqual(afters);
  expect(recorder.pushes.map(({ commits }) => commits)).toEqual(isLater ? [1, 1, 1, 1] : [2, 1, 1]);
});

test('a push whose predecessor is noted a moment later is announced after it', async () => {
  const fixture = await setUpGit();
  const { sandbox, announce, push } = fixture;
  const afters = [sandbox.commit('one')];
  await announce('main');
  await push('main:refs/heads/other');
  afters.push(afters[0] ?? '', sandbox.commit('two'));
  await push('main');
  const late = sandbox.list('spool').at(-1) ?? '';
  renameSync(spoolPath(sandbox, late), join(sandbox.root, late));
  afters.push(sandbox.commit('three'));
  await push('main');
  let isNoted = false;
  await takeIn(sandbox, () => {
    if (!isNoted) renameSync(join(sandbox.root, late), spoolPath(sandbox, late));
    isNoted = true;
  });
  await fixture.deliver();
  expect(announcedAfters(fixture)).toEqual(afters);
});

test('a push whose predecessor never comes is announced all the same', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder, announce, push } = fixture;
  sandbox.commit('one');
  await announce('main');
  sandbox.commit('two');
  await push('main');
  const [lost = ''] = sandbox.list('spool');
  renameSync(spoolPath(sandbox, lost), join(sandbox.root, lost));
  sandbox.commit('three');
  expect(await announce('main')).toBeUndefined();
  expect(recorder.commits.map(({ subject }) => subject)).toEqual(['one', 'two', 'three']);
});

test.each([
  ['a directory', (path: string) => mkdirSync(path)],
  ['a link that leads nowhere', (path: string) => symlinkSync('nowhere', path)],
  ['a pipe', (path: string) => execFileSync('sh', ['-c', 'mkfifo "$0"', path])],
  ['no push', (path: string) => writeFileSync(path, 'nonsense')],
])('%s in the spool is set aside, the log says so, and the others go on', async (_what, make) => {
  const { sandbox, recorder, push, deliver } = await setUpGit();
  sandbox.commit('one');
  await push('main');
  make(spoolPath(sandbox, '1700000000.5-a.push'));
  expect(await deliver()).toMatchObject({ failure: undefined, storedCount: 2, waiting: { pushCount: 0 } });
  expect(recorder.commits).toHaveLength(1);
  expect(sandbox.list('spool')).toEqual(['1700000000.5-a.push.damaged']);
  expect(readFileSync(join(sandbox.bare, 'gitpubsub', 'log'), 'utf8')).toMatch(
    /This is no push: .*\.damaged\n$/,
  );
});

test('what can neither be read nor set aside is told, and the others go on', async () => {
  const { sandbox, recorder, push, deliver } = await setUpGit();
  sandbox.commit('one');
  await push('main');
  mkdirSync(spoolPath(sandbox, '1700000000.5-a.push'));
  writeFileSync(spoolPath(sandbox, '1700000000.5-a.push.damaged'), '');
  expect(await deliver()).toMatchObject({
    failure: expect.stringContaining('1700000000.5-a.push') as string,
    storedCount: 2,
    waiting: { pushCount: 1 },
  });
  expect(recorder.commits).toHaveLength(1);
});

// Objects that can't be read when a push is to be announced: gone, damaged, or out of reach for the moment.
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deliverWithGit } from '../support/fake-git.ts';
import { setUpGit, type GitFixture } from '../support/git-fixture.ts';
import type { GitSandbox } from '../support/git-sandbox.ts';

const ELEVEN_MINUTES_MS = 660_000;

function objectPath({ bare }: GitSandbox, hash: string): string {
  return join(bare, 'objects', hash.slice(0, 2), hash.slice(2));
}

// Gives what was in it.
function damage(sandbox: GitSandbox, hash: string, content: string): Buffer {
  const path = objectPath(sandbox, hash);
  const whole = readFileSync(path);
  chmodSync(path, 0o644);
  writeFileSync(path, content);
  return whole;
}

// As if the trouble had begun so much earlier, or later where a clock was set back.
function backdateTrouble({ bare }: GitSandbox, ms: number): void {
  const path = join(bare, 'gitpubsub', 'announced.json');
  const announced = JSON.parse(readFileSync(path, 'utf8')) as { unreadableSinceMs: number };
  announced.unreadableSinceMs -= ms;
  writeFileSync(path, JSON.stringify(announced));
}

// A line for a git of which one command fails.
function failAt(command: string, complaint: string): string {
  return `[ "$1" = ${command} ] && { echo '${complaint}' >&2; exit 128; }`;
}

async function setUpAnnounced(): Promise<GitFixture> {
  const fixture = await setUpGit();
  fixture.sandbox.commit('one', { a: '1' });
  await fixture.announce('main');
  return fixture;
}

test.each([
  ['empty', '', ELEVEN_MINUTES_MS],
  ['no object', 'garbage', ELEVEN_MINUTES_MS],
  ['empty, after a clock was set back', '', -ELEVEN_MINUTES_MS],
])('a damaged tip, %s, is waited for, and after ten minutes the push says so', async (_what, content, ms) => {
  const fixture = await setUpAnnounced();
  const { sandbox, recorder, push } = fixture;
  sandbox.git('switch', '-q', '-c', 'broken');
  const hash = sandbox.commit('two', { a: '2' });
  await push('broken');
  sandbox.git('switch', '-q', 'main');
  sandbox.commit('three', { b: '3' });
  await push('main');
  damage(sandbox, hash, content);
  expect((await fixture.deliver()).failure).toMatch(
    /cat-file ended with status 128: fatal: loose object .* is corrupt/,
  );
  expect(await fixture.deliver()).toMatchObject({ storedCount: 0, waiting: { pushCount: 2 } });
  backdateTrouble(sandbox, ms);
  expect(await fixture.deliver()).toMatchObject({ failure: undefined, waiting: { pushCount: 0 } });
  expect(recorder.pushes.slice(1)).toMatchObject([
    { ref: 'refs/heads/broken', action: 'created', commits: 0, commitsMissing: true },
    { ref: 'refs/heads/main', action: 'updated', commits: 1 },
  ]);
  expect(recorder.commits.map(({ subject }) => subject)).toEqual(['one', 'three']);
});

test('what git plainly says is missing is not waited for', async () => {
  const fixture = await setUpAnnounced();
  const { sandbox, recorder, push } = fixture;
  const gone = sandbox.commit('two');
  sandbox.commit('three');
  await push('main');
  rmSync(objectPath(sandbox, gone));
  expect(await fixture.deliver()).toMatchObject({ failure: undefined, storedCount: 1 });
  expect(recorder.pushes.at(-1)).toMatchObject({ action: 'forced', commits: 0, commitsMissing: true });
});

test('what can be read again within ten minutes is announced whole', async () => {
  const fixture = await setUpAnnounced();
  const { sandbox, recorder, push } = fixture;
  const hash = sandbox.commit('two', { a: '2' });
  await push('main');
  const whole = damage(sandbox, hash, '');
  expect(await fixture.deliver()).toMatchObject({ storedCount: 0, waiting: { pushCount: 1 } });
  writeFileSync(objectPath(sandbox, hash), whole);
  expect(await fixture.deliver()).toMatchObject({ failure: undefined, storedCount: 2 });
  expect(recorder.commits.map(({ subject }) => subject)).toEqual(['one', 'two']);
  expect(readFileSync(join(sandbox.bare, 'gitpubsub', 'announced.json'), 'utf8')).not.toContain('unreadable');
});

test.each(['cat-file', 'rev-list', 'diff-tree'])(
  'when git %s fails and nobody knows why, the commits wait',
  async (command) => {
    const fixture = await setUpAnnounced();
    const { sandbox, recorder, push } = fixture;
    sandbox.commit('two', { a: '2' });
    await push('main');
    expect(await deliverWithGit(sandbox, failAt(command, 'fatal: what nobody has foreseen'))).toMatchObject({
      failure: `git ${command} ended with status 128: fatal: what nobody has foreseen`,
      storedCount: 0,
    });
    expect(await fixture.deliver()).toMatchObject({ failure: undefined, storedCount: 2 });
    expect(recorder.commits.map(({ subject }) => subject)).toEqual(['one', 'two']);
  },
);

test('trouble of the machine is waited out however long it lasts', async () => {
  const fixture = await setUpAnnounced();
  const { sandbox, recorder, push } = fixture;
  sandbox.commit('two', { a: '2' });
  await push('main');
  await deliverWithGit(sandbox, failAt('diff-tree', 'fatal: what nobody has foreseen'));
  backdateTrouble(sandbox, ELEVEN_MINUTES_MS);
  const report = await deliverWithGit(sandbox, failAt('diff-tree', 'fatal: Out of memory, malloc failed'));
  expect(report).toMatchObject({ storedCount: 0, waiting: { pushCount: 1 } });
  await fixture.deliver();
  expect(recorder.commits.map(({ subject }) => subject)).toEqual(['one', 'two']);
});

test('an update that git has no memory to compare is not taken for a forced one', async () => {
  const fixture = await setUpAnnounced();
  const { sandbox, recorder, announce, push } = fixture;
  const base = sandbox.git('rev-parse', 'main');
  sandbox.commit('two', { a: '2' });
  await announce('main', `${base}:refs/heads/behind`);
  await push('main:behind');
  expect(
    await deliverWithGit(sandbox, failAt('merge-base', 'fatal: Out of memory, malloc failed')),
  ).toMatchObject({
    storedCount: 0,
    waiting: { pushCount: 1 },
  });
  await fixture.deliver();
  expect(recorder.pushes.at(-1)).toMatchObject({ ref: 'refs/heads/behind', action: 'updated' });
});

test('a ref that is damaged before the first delivery holds up nothing', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder, push } = fixture;
  const hook = readFileSync(sandbox.hook);
  rmSync(sandbox.hook);
  const hash = sandbox.commit('one', { a: '1' });
  await push('main:broken');
  writeFileSync(sandbox.hook, hook, { mode: 0o755 });
  sandbox.git('switch', '-q', '--orphan', 'other');
  sandbox.commit('two');
  await push('other');
  damage(sandbox, hash, '');
  expect(await fixture.deliver()).toMatchObject({ failure: undefined, storedCount: 2 });
  expect(recorder.commits.map(({ subject }) => subject)).toEqual(['two']);
});

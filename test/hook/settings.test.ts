// Where a repository's events go, as git config says it, and what the hook says when they don't get there.
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { announcePush } from '../../src/hook/announce.ts';
import { setUpGit } from '../support/git-fixture.ts';
import { GIT_ENVIRONMENT } from '../support/git-sandbox.ts';

test('gitpubsub.topic places the events', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.bareGit('config', 'gitpubsub.topic', '/git/{type}/{project}/x-{branch}');
  sandbox.commit('one');
  await announce('main:a/b');
  expect(recorder.requests[0]?.path).toBe('/git/branch/widget/x-a/b');
});

test('gitpubsub.url may have a path, which goes before the topic', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.bareGit('config', 'gitpubsub.url', `${recorder.url}/behind/proxy/`);
  sandbox.commit('one');
  await announce('main');
  expect(recorder.requests[0]?.path).toBe('/behind/proxy/json/widget/main');
});

test('gitpubsub.project names the project; its slashes divide segments', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.bareGit('config', 'gitpubsub.project', 'team/widget');
  sandbox.commit('one');
  await announce('main');
  expect(recorder.requests[0]?.path).toBe('/json/team/widget/main');
  expect(recorder.commits[0]?.project).toBe('team/widget');
});

test('of several values the last counts, and an empty one counts as none', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.bareGit('config', '--add', 'gitpubsub.project', 'first');
  sandbox.bareGit('config', '--add', 'gitpubsub.project', '');
  sandbox.commit('one');
  await announce('main');
  expect(recorder.commits[0]?.project).toBe('widget');
});

test.each([
  ['with space%.git', '/json/with%20space%25/main'],
  ['größe', '/json/gr%C3%B6%C3%9Fe/main'],
  ['dots.in.name.git', '/json/dots.in.name/main'],
])('the project is the directory without .git: %s', async (name, path) => {
  const { sandbox, recorder, announce } = await setUpGit({ name });
  sandbox.commit('one');
  await announce('main');
  expect(recorder.requests[0]?.path).toBe(path);
});

test('the project of a repository with a worktree is the directory of that', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.commit('one');
  await announce('main');
  recorder.requests.length = 0;
  const worktree = join(sandbox.root, 'my-worktree');
  mkdirSync(worktree);
  renameSync(sandbox.bare, join(worktree, '.git'));
  await announcePushAt(join(worktree, '.git'), sandbox.git('rev-parse', 'main'));
  expect(recorder.pushes[0]?.project).toBe('my-worktree');
});

test('the project of a linked worktree is its repository', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.commit('one');
  await announce('main');
  recorder.requests.length = 0;
  sandbox.bareGit('worktree', 'add', '-q', join(sandbox.root, 'linked'), 'main');
  await announcePushAt(join(sandbox.bare, 'worktrees', 'linked'), sandbox.git('rev-parse', 'main'));
  expect(recorder.pushes[0]?.project).toBe('widget');
});

function announcePushAt(gitDirectory: string, hash: string): Promise<string | undefined> {
  const lines = Buffer.from(`${'0'.repeat(40)} ${hash} refs/heads/main\n`);
  return announcePush(lines, { ...GIT_ENVIRONMENT, GIT_DIR: gitDirectory });
}

test.each([
  ['gitpubsub.topic', '/json/{brnach}', /\{brnach\} is unknown, .*did you mean \{branch\}\?/],
  ['gitpubsub.topic', '/-/{branch}', /starts with "-"/],
  ['gitpubsub.url', 'localhost:2069', /gitpubsub\.url: "localhost:2069" is no URL/],
])('a wrong setting is told before anything is published: %s %s', async (key, value, problem) => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.bareGit('config', key, value);
  sandbox.commit('one');
  await expect(announce('main')).rejects.toThrow(problem);
  expect(recorder.requests).toEqual([]);
});

test('a refusal that would meet every event stops at the first and says how many are missing', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  recorder.answer = () => ({ status: 403, body: '{"title":"Forbidden","detail":"You may\\nnot publish."}' });
  for (const message of ['one', 'two', 'three']) sandbox.commit(message);
  expect(await announce('main')).toBe(
    `4 of 4 events were not published to ${recorder.url}: 403 You may not publish.`,
  );
  expect(recorder.requests).toHaveLength(1);
});

test('a failure in the middle tells what is missing', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  recorder.answer = (_, index) => ({ status: index < 2 ? 200 : 503, body: 'busy' });
  for (const message of ['one', 'two', 'three']) sandbox.commit(message);
  expect(await announce('main')).toBe(`2 of 4 events were not published to ${recorder.url}: 503 busy`);
});

test.each([400, 413])(
  'an event answered %i is passed over, told, and the rest is published',
  async (status) => {
    const { sandbox, recorder, announce } = await setUpGit();
    recorder.answer = (_, index) =>
      index === 1 ? { status, body: '{"detail":"Not this."}' } : { status: 200 };
    sandbox.commit('one');
    const hash = sandbox.commit('two');
    sandbox.commit('three');
    expect(await announce('main')).toBe(
      `1 of 4 events were not published to ${recorder.url}: the first is commit ${hash.slice(0, 7)} on refs/heads/main (${status} Not this.)`,
    );
    expect(recorder.requests).toHaveLength(4);
  },
);

test('a repository with a missing object says so', async () => {
  const { sandbox, recorder } = await setUpGit();
  const before = sandbox.commit('one', { a: '1' });
  const after = sandbox.commit('two', { a: '2' });
  await sandbox.push({}, 'origin', 'main');
  const tree = sandbox.git('rev-parse', 'main^{tree}');
  rmSync(join(sandbox.bare, 'objects', tree.slice(0, 2), tree.slice(2)));
  const lines = Buffer.from(`${before} ${after} refs/heads/main\n`);
  const said = await announcePush(lines, { ...GIT_ENVIRONMENT, GIT_DIR: sandbox.bare });
  expect(said).toMatch(/^2 of 2 events were not published to .*: git diff-tree ended with status 128: /);
  expect(recorder.requests).toEqual([]);
});

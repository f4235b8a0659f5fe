// Where a repository's events go, as git config and the environment say it.
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deliverOnce, setUpGit } from '../support/git-fixture.ts';

test('gitpubsub.topic places the events', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.bareGit('config', 'gitpubsub.topic', '/git/{type}/{project}/x-{branch}');
  sandbox.commit('one');
  await announce('main:a/b');
  expect(recorder.events[0]?.path).toBe('/git/branch/widget/x-a/b');
});

test('gitpubsub.url may have a path, which goes before the topic', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.bareGit('config', 'gitpubsub.url', `${recorder.url}/behind/proxy/`);
  sandbox.commit('one');
  await announce('main');
  expect(recorder.events[0]?.path).toBe('/behind/proxy/json/widget/main');
});

test('gitpubsub.project names the project; its slashes divide segments', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.bareGit('config', 'gitpubsub.project', 'team/widget');
  sandbox.commit('one');
  await announce('main');
  expect(recorder.events[0]?.path).toBe('/json/team/widget/main');
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
  expect(recorder.events[0]?.path).toBe(path);
});

test.each([
  ['', 'widget'],
  ['team/deep', 'team/deep/widget'],
])('the project of a repository below gitpubsub.root is the way there: %j', async (path, project) => {
  const { sandbox, recorder, push } = await setUpGit();
  const directory = join(sandbox.root, 'srv', path);
  sandbox.bareGit('config', 'gitpubsub.root', `${join(sandbox.root, 'srv')}/`);
  sandbox.commit('one');
  await push('main');
  mkdirSync(directory, { recursive: true });
  renameSync(sandbox.bare, join(directory, 'widget.git'));
  await deliverOnce(join(directory, 'widget.git'));
  expect(recorder.pushes[0]?.project).toBe(project);
});

test('a repository outside of gitpubsub.root is called by its directory', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.bareGit('config', 'gitpubsub.root', join(sandbox.root, 'elsewhere'));
  sandbox.commit('one');
  await announce('main');
  expect(recorder.pushes[0]?.project).toBe('widget');
});

test('the project of a repository with a worktree is the directory of that', async () => {
  const { sandbox, recorder, push } = await setUpGit();
  sandbox.commit('one');
  await push('main');
  const worktree = join(sandbox.root, 'my-worktree');
  mkdirSync(worktree);
  renameSync(sandbox.bare, join(worktree, '.git'));
  await deliverOnce(join(worktree, '.git'));
  expect(recorder.pushes[0]?.project).toBe('my-worktree');
});

test('GITPUBSUB_URL is used as it stands, also by a later delivery', async () => {
  const { sandbox, recorder, deliver } = await setUpGit();
  sandbox.bareGit('config', 'gitpubsub.url', 'http://127.0.0.1:9');
  sandbox.commit('one');
  await sandbox.push({ GITPUBSUB_URL: `${recorder.url}/my/own%20topic?x=1` }, 'origin', 'main');
  expect((await deliver()).failure).toBeUndefined();
  expect(recorder.events.map(({ path }) => path)).toEqual(Array(2).fill('/my/own%20topic?x=1'));
});

test.each([
  ['gitpubsub.topic', '/json/{brnach}', /\{brnach\} is unknown, .*did you mean \{branch\}\?/],
  ['gitpubsub.topic', '/-/{branch}', /starts with "-"/],
  ['gitpubsub.topic', '/json/../{branch}', /makes no topic: "\.\." is not allowed/],
  ['gitpubsub.url', 'localhost:2069', /gitpubsub\.url: "localhost:2069" is no URL/],
])('with a wrong setting everything waits until it is right: %s %s', async (key, value, problem) => {
  const { sandbox, recorder, announce, deliver } = await setUpGit();
  sandbox.bareGit('config', key, value);
  const hash = sandbox.commit('one');
  expect(await announce('main')).toMatch(problem);
  expect(recorder.requests).toEqual([]);
  sandbox.bareGit('config', '--unset', key);
  if (key === 'gitpubsub.url') sandbox.bareGit('config', key, recorder.url);
  expect((await deliver()).failure).toBeUndefined();
  expect(recorder.commits.map((commit) => commit.hash)).toEqual([hash]);
});

test.each([
  [{}, '/{branch}', 'main:refs/heads/-/x', 'The topic /-/x starts with "-", which belongs to the broker.'],
  [
    { GITPUBSUB_URL: 'nowhere' },
    '/x',
    'main',
    'GITPUBSUB_URL: "nowhere" is no URL; allowed are http://… and https://…',
  ],
])('a push that can go nowhere holds up no other: %j', async (environment, template, refspec, reason) => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.bareGit('config', 'gitpubsub.topic', template);
  sandbox.commit('one');
  await sandbox.push(environment, 'origin', refspec);
  expect(await announce('main:refs/heads/good')).toBeUndefined();
  expect(recorder.pushes.map(({ ref }) => ref)).toEqual(['refs/heads/good']);
  const letters = readFileSync(join(sandbox.bare, 'gitpubsub', 'dead-letter.ndjson'), 'utf8')
    .trimEnd()
    .split('\n');
  expect(letters.map((line) => JSON.parse(line) as object)).toMatchObject([
    { status: null, reason, event: { commit: {} } },
    { status: null, reason, event: { push: {} } },
  ]);
});

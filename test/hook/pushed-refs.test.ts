// What a push tells of its refs: created, updated, forced, deleted; branches, tags and others.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deliverWithGit } from '../support/fake-git.ts';
import { setUpGit } from '../support/git-fixture.ts';
import { GIT_ENVIRONMENT, runProgram } from '../support/git-sandbox.ts';

const ZEROS = '0'.repeat(40);

test('a push event has exactly the members of the protocol', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  const hash = sandbox.commit('one');
  await announce('main');
  expect(recorder.events.at(-1)?.event).toEqual({
    push: {
      repository: 'git',
      project: 'widget',
      ref: 'refs/heads/main',
      type: 'branch',
      action: 'created',
      before: ZEROS,
      after: hash,
      commits: 1,
      pusher: 'petra',
    },
  });
});

test('a fast-forward is an update', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  const before = sandbox.commit('one');
  await announce('main');
  sandbox.commit('two');
  const after = sandbox.commit('three');
  await announce('main');
  expect(recorder.pushes[1]).toMatchObject({ action: 'updated', before, after, commits: 2 });
});

test('however many refs move ahead in a push, git is asked about each kind once; of those that are forced each by itself', async () => {
  const { sandbox, recorder, announce, push } = await setUpGit();
  const names = ['a', 'b', 'c', 'd'];
  sandbox.commit('base');
  await announce(...names.map((name) => `main:refs/heads/${name}`));
  const afters = names.map(() => sandbox.commit('ahead'));
  sandbox.git('switch', '-q', '--orphan', 'elsewhere');
  afters[3] = sandbox.commit('elsewhere');
  recorder.events.length = 0;
  await push('--force', ...names.map((name, index) => `${afters[index]}:refs/heads/${name}`));
  const asked = join(sandbox.root, 'asked');
  expect(await deliverWithGit(sandbox, `echo "$1" >>'${asked}'`)).toMatchObject({ failure: undefined });
  expect(recorder.pushes.map(({ action }) => action)).toEqual(['updated', 'updated', 'updated', 'forced']);
  const commands = readFileSync(asked, 'utf8').trimEnd().split('\n');
  expect(commands.filter((command) => command === 'merge-base')).toHaveLength(1);
});

test('going back to an ancestor is forced and has no commits', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.commit('one');
  sandbox.commit('two');
  await announce('main');
  await announce('--force', 'main~1:main');
  expect(recorder.pushes[1]).toMatchObject({ action: 'forced', commits: 0 });
});

test('a deleted branch is announced without commits', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  const hash = sandbox.commit('one');
  await announce('main', 'main:gone');
  recorder.events.length = 0;
  await announce(':gone');
  expect(recorder.events).toHaveLength(1);
  expect(recorder.pushes).toMatchObject([
    { ref: 'refs/heads/gone', action: 'deleted', before: hash, after: ZEROS, commits: 0 },
  ]);
});

test('an annotated tag tells its tagger, date and message', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.commit('one');
  await announce('main');
  sandbox.git('tag', '-a', '-m', 'Größe: "1"\n\nand more', 'v1');
  recorder.events.length = 0;
  await announce('v1');
  expect(recorder.pushes).toMatchObject([
    {
      ref: 'refs/tags/v1',
      type: 'tag',
      action: 'created',
      after: sandbox.git('rev-parse', 'v1'),
      commits: 0,
      tag: {
        tagger: 'Carl Committer',
        email: 'carl@example.org',
        date: '2023-11-14T19:43:20-03:30',
        message: 'Größe: "1"\n\nand more\n',
      },
    },
  ]);
});

test('a lightweight tag is a tag without details', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.commit('one');
  sandbox.git('tag', 'light');
  await announce('main', 'light');
  expect(recorder.pushes[1]).toMatchObject({ type: 'tag', action: 'created', commits: 0 });
  expect(recorder.pushes[1]).not.toHaveProperty('tag');
});

test('tags of blobs and trees are announced as tags without commits', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.commit('one', { a: '1' });
  sandbox.git('tag', '-a', '-m', 'a blob', 'blob', 'main:a');
  sandbox.git('tag', 'tree', 'main^{tree}');
  await announce('blob', 'tree');
  expect(recorder.commits).toEqual([]);
  expect(recorder.pushes).toMatchObject([
    { ref: 'refs/tags/blob', tag: { message: 'a blob\n' } },
    { ref: 'refs/tags/tree', commits: 0 },
  ]);
});

test('a tag that moved from a blob to a commit is forced', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.commit('one', { a: '1' });
  sandbox.git('tag', 'x', 'main:a');
  await announce('x');
  sandbox.git('tag', '-f', 'x', 'main');
  await announce('--force', 'x');
  expect(recorder.pushes[1]).toMatchObject({ action: 'forced', commits: 1 });
});

test('a ref outside heads and tags is of type other, under its full name', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.commit('one');
  await announce('main:refs/changes/01/1/1');
  expect(recorder.pushes).toMatchObject([{ ref: 'refs/changes/01/1/1', type: 'other' }]);
  expect(recorder.events[0]?.path).toBe('/json/widget/refs/changes/01/1/1');
});

function inNamespace(name: string): string {
  return `--receive-pack=git --namespace=${name} receive-pack`;
}

test('a push into a namespace is one of the refs it really changes, the first push of all included', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  const hash = sandbox.commit('one');
  expect(await announce(inNamespace('team'), 'main')).toBeUndefined();
  const second = sandbox.commit('two');
  expect(await announce(inNamespace('other'), 'main')).toBeUndefined();
  expect(await announce('main')).toBeUndefined();
  expect(recorder.commits.map((commit) => commit.hash)).toEqual([hash, second]);
  expect(recorder.pushes).toMatchObject([
    { ref: 'refs/namespaces/team/refs/heads/main', type: 'other', commits: 1 },
    { ref: 'refs/namespaces/other/refs/heads/main', type: 'other', commits: 1 },
    { ref: 'refs/heads/main', type: 'branch', commits: 0 },
  ]);
  expect(recorder.events[0]?.path).toBe('/json/widget/refs/namespaces/team/refs/heads/main');
});

test.each([
  [{ GL_USERNAME: 'gitlab', GL_USER: 'gitolite' }, 'gitlab'],
  [{ GL_USER: 'gitolite', REMOTE_USER: 'http' }, 'gitolite'],
  [{ GL_USERNAME: 'gl', GITEA_PUSHER_NAME: 'gitea' }, 'gl'],
  [{ GITEA_PUSHER_NAME: 'gitea', REMOTE_USER: 'http' }, 'gitea'],
  [{ GL_USERNAME: '', REMOTE_USER: 'http' }, 'http'],
  [{ GL_USERNAME: 'two\nlines "and" $quotes\\' }, 'two\nlines "and" $quotes\\'],
  [{ USER: undefined }, null],
])('the pusher is the first of the known variables: %j', async (variables, pusher) => {
  const { sandbox, recorder, deliver } = await setUpGit();
  sandbox.commit('one');
  await sandbox.push(variables, 'origin', 'main');
  await deliver();
  expect(recorder.pushes[0]?.pusher).toBe(pusher);
});

test('push options are told in order, whatever is in them', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  const options = ['ci.skip', 'größe = "1" $(id) \\0 %s', '', '-n'];
  sandbox.commit('one');
  await announce(...options.map((option) => `--push-option=${option}`), 'main');
  await announce('main:other');
  expect(recorder.pushes[0]?.pushOptions).toEqual(options);
  expect(recorder.pushes[1]).not.toHaveProperty('pushOptions');
});

test('more push options than fit are cut, and it is said', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  const options = Array.from({ length: 12 }, (_, index) => `${index}`.padEnd(1_000, '.'));
  sandbox.commit('one');
  await announce(...options.map((option) => `--push-option=${option}`), 'main');
  const [push] = recorder.pushes;
  expect(push?.pushOptionsTruncated).toBe(true);
  expect(push?.pushOptions).toEqual(options.slice(0, push?.pushOptions?.length));
  expect(push?.pushOptions?.length).toBeGreaterThan(5);
});

test('a line that changes nothing announces nothing', async () => {
  const { sandbox, recorder, push, deliver } = await setUpGit();
  const hash = sandbox.commit('one');
  await push('main');
  await deliver();
  recorder.events.length = 0;
  const lines = `${hash} ${hash} refs/heads/main\n${ZEROS} ${ZEROS} refs/heads/never\n`;
  await runProgram([sandbox.hook], sandbox.bare, GIT_ENVIRONMENT, lines);
  expect((await deliver()).failure).toBeUndefined();
  expect(recorder.events).toEqual([]);
});

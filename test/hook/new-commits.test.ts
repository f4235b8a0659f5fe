// Which commits a push announces, in which order: real pushes, compared with git rev-list.
import { copyFileSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { setUpGit, type GitFixture } from '../support/git-fixture.ts';
import { HOOK_PATH } from '../support/git-sandbox.ts';

function announcedHashes({ recorder }: GitFixture): string[] {
  return recorder.commits.map((commit) => commit.hash);
}

function revList({ sandbox }: GitFixture, ...args: string[]): string[] {
  return sandbox.git('rev-list', '--topo-order', '--reverse', ...args, '--').split('\n');
}

function expectParentsFirst({ recorder }: GitFixture): void {
  const announced = new Set(recorder.commits.map((commit) => commit.hash));
  const seen = new Set<string>();
  for (const { hash, parents } of recorder.commits) {
    for (const parent of parents) if (announced.has(parent)) expect(seen).toContain(parent);
    seen.add(hash);
  }
}

test('a first push announces every commit, the oldest first, then the push', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder, announce } = fixture;
  const hashes = ['one', 'two', 'three'].map((message) => sandbox.commit(message));
  expect(await announce('main')).toBeUndefined();
  expect(announcedHashes(fixture)).toEqual(hashes);
  expect(recorder.events.at(-1)?.event).toHaveProperty('push');
  expect(recorder.events).toHaveLength(4);
});

test('a second push announces only what is new', async () => {
  const fixture = await setUpGit();
  const { sandbox, announce } = fixture;
  sandbox.commit('old');
  await announce('main');
  const hash = sandbox.commit('new');
  fixture.recorder.events.length = 0;
  await announce('main');
  expect(announcedHashes(fixture)).toEqual([hash]);
});

test('500 commits come in several batches in the order of git rev-list, over one connection', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder, announce } = fixture;
  let stream = '';
  for (let i = 1; i <= 500; i++) {
    stream += `commit refs/heads/main\ncommitter C <c@example.org> ${1_700_000_000 - i} +0000\ndata ${`${i}`.length}\n${i}\n`;
    stream += `M 100644 inline file-${i}\ndata 0\n\n`;
  }
  sandbox.fastImport(stream);
  await announce('main');
  expect(announcedHashes(fixture)).toEqual(revList(fixture, 'main'));
  expect(recorder.requests.length).toBeGreaterThan(1);
  expect(recorder.commits.map((commit) => commit.changes)).toEqual(
    Array.from({ length: 500 }, (_, index) => `file-${index + 1}`),
  );
  expect(recorder.connectionCount).toBe(1);
});

test('a new branch announces what no other branch has', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder, announce } = fixture;
  sandbox.commit('base');
  await announce('main');
  sandbox.git('switch', '-q', '-c', 'topic/deep/er');
  const hash = sandbox.commit('topic');
  recorder.events.length = 0;
  await announce('topic/deep/er');
  expect(announcedHashes(fixture)).toEqual([hash]);
  expect(recorder.events.map((event) => event.path)).toEqual([
    '/json/widget/topic/deep/er',
    '/json/widget/topic/deep/er',
  ]);
});

test('a new branch whose commits are all known announces only the push', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder, announce } = fixture;
  sandbox.commit('base');
  await announce('main');
  recorder.events.length = 0;
  await announce('main:refs/heads/copy');
  expect(announcedHashes(fixture)).toEqual([]);
  expect(recorder.pushes).toMatchObject([{ ref: 'refs/heads/copy', action: 'created', commits: 0 }]);
});

test('commits that reach several refs in one push come once, with the first ref', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.commit('shared');
  sandbox.git('branch', 'a');
  sandbox.git('branch', 'b');
  sandbox.git('switch', '-q', 'b');
  const onlyB = sandbox.commit('only b');
  await announce('a', 'b', 'main');
  expect(recorder.commits.map(({ ref, subject }) => [ref, subject])).toEqual([
    ['refs/heads/a', 'shared'],
    ['refs/heads/b', 'only b'],
  ]);
  expect(recorder.commits[1]?.hash).toBe(onlyB);
  expect(recorder.pushes.map(({ ref, commits }) => [ref, commits])).toEqual([
    ['refs/heads/a', 1],
    ['refs/heads/b', 1],
    ['refs/heads/main', 0],
  ]);
});

test('the push event of a ref follows its own commits and precedes those of the next ref', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.commit('shared');
  sandbox.git('switch', '-q', '-c', 'next');
  sandbox.commit('next');
  await announce('main', 'next');
  expect(
    recorder.events.map(({ event }) => ('push' in event ? event.push.ref : event.commit.subject)),
  ).toEqual(['shared', 'refs/heads/main', 'next', 'refs/heads/next']);
});

test('a merge announces both sides before itself, with the files that differ from the first parent', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder, announce } = fixture;
  sandbox.commit('base', { base: '1' });
  await announce('main');
  sandbox.git('switch', '-q', '-c', 'side');
  sandbox.commit('side', { side: '1' });
  sandbox.git('switch', '-q', 'main');
  sandbox.commit('main', { main: '1' });
  sandbox.git('merge', '-q', '--no-ff', '-m', 'merge', 'side');
  recorder.events.length = 0;
  await announce('main');
  expect(announcedHashes(fixture)).toEqual(revList(fixture, 'main', '^main~2'));
  expectParentsFirst(fixture);
  expect(recorder.commits.at(-1)).toMatchObject({ subject: 'merge', files: ['side'], changes: 'side' });
  expect(recorder.commits.at(-1)?.parents).toEqual(sandbox.git('rev-parse', 'main^@').split('\n'));
});

test('an octopus merge names all its parents', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder, announce } = fixture;
  sandbox.commit('base', { base: '1' });
  for (const name of ['a', 'b', 'c']) {
    sandbox.git('switch', '-q', '-c', name, 'main');
    sandbox.commit(name, { [name]: '1' });
  }
  sandbox.git('switch', '-q', 'main');
  sandbox.git('merge', '-q', '--no-ff', '-m', 'octopus', 'a', 'b', 'c');
  await announce('main');
  expectParentsFirst(fixture);
  expect(recorder.commits.at(-1)).toMatchObject({
    subject: 'octopus',
    files: ['a', 'b', 'c'],
    changes: '3 files',
  });
  expect(recorder.commits.at(-1)?.parents).toEqual(sandbox.git('rev-parse', 'main^@').split('\n'));
});

test('a second root comes with all its files and no parents', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.commit('first root', { a: '1' });
  await announce('main');
  sandbox.git('switch', '-q', '--orphan', 'other');
  sandbox.commit('second root', { b: '1' });
  recorder.events.length = 0;
  await announce('other');
  expect(recorder.commits).toMatchObject([{ parents: [], files: ['b'], subject: 'second root' }]);
});

test('an empty commit has no files', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.commit('full', { a: '1' });
  sandbox.commit('empty');
  await announce('main');
  expect(recorder.commits[1]).toMatchObject({ files: [], changes: '0 files' });
});

test('a force push announces only the commits that replaced others', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder, announce } = fixture;
  sandbox.commit('base');
  const replaced = sandbox.commit('replaced');
  await announce('main');
  sandbox.git('reset', '-q', '--hard', 'HEAD~1');
  const hash = sandbox.commit('replacement');
  recorder.events.length = 0;
  await announce('--force', 'main');
  expect(announcedHashes(fixture)).toEqual([hash]);
  expect(recorder.pushes).toMatchObject([{ action: 'forced', before: replaced, after: hash, commits: 1 }]);
});

test('commits reached only by a new tag are announced with the tag', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  const hash = sandbox.commit('tagged');
  sandbox.git('tag', '-a', '-m', 'release', 'v1');
  await announce('v1');
  expect(recorder.commits).toMatchObject([{ hash, ref: 'refs/tags/v1' }]);
  expect(recorder.events.map((event) => event.path)).toEqual([
    '/json/widget/refs/tags/v1',
    '/json/widget/refs/tags/v1',
  ]);
});

test('a mirror push announces every commit once and every ref', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder, announce } = fixture;
  sandbox.commit('base');
  sandbox.git('tag', 'light');
  sandbox.git('switch', '-q', '-c', 'side');
  sandbox.commit('side');
  sandbox.git('tag', '-a', '-m', 'heavy', 'heavy');
  sandbox.git('update-ref', 'refs/notes/x', sandbox.commit('note'));
  await announce('--mirror');
  expect(announcedHashes(fixture).toSorted()).toEqual(revList(fixture, '--all').toSorted());
  expectParentsFirst(fixture);
  expect(recorder.pushes.map((push) => push.ref).toSorted()).toEqual(
    sandbox.bareGit('for-each-ref', '--format=%(refname)').toString().trim().split('\n').toSorted(),
  );
});

test('a symbolic ref that points to the pushed branch hides nothing', async () => {
  const fixture = await setUpGit();
  const { sandbox, announce } = fixture;
  sandbox.bareGit('symbolic-ref', 'refs/heads/alias', 'refs/heads/main');
  const hash = sandbox.commit('one');
  await announce('main');
  expect(announcedHashes(fixture)).toEqual([hash]);
});

test('a push to a symbolic ref announces what it moved', async () => {
  const fixture = await setUpGit();
  const { sandbox, announce } = fixture;
  sandbox.commit('one');
  await announce('main');
  sandbox.bareGit('symbolic-ref', 'refs/heads/alias', 'refs/heads/main');
  const hash = sandbox.commit('two');
  fixture.recorder.events.length = 0;
  await announce('main:alias');
  expect(announcedHashes(fixture)).toEqual([hash]);
});

test('SHA-256 repositories work as others do', async () => {
  const fixture = await setUpGit({ objectFormat: 'sha256' });
  const { sandbox, recorder, announce } = fixture;
  sandbox.commit('one', { a: '1' });
  const hash = sandbox.commit('two', { b: '1' });
  await announce('main');
  expect(hash).toHaveLength(64);
  expect(announcedHashes(fixture)).toEqual(revList(fixture, 'main'));
  expect(recorder.commits[1]).toMatchObject({ files: ['b'], parents: [revList(fixture, 'main')[0]] });
  expect(recorder.pushes).toMatchObject([{ before: '0'.repeat(64), after: hash, action: 'created' }]);
});

test('a replaced object is announced as it was pushed', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  const hash = sandbox.commit('original');
  const replacement = sandbox.git('commit-tree', '-m', 'replacement', 'HEAD^{tree}');
  sandbox.git('replace', hash, replacement);
  await announce('main', 'refs/replace/*:refs/replace/*');
  expect(recorder.commits.find((commit) => commit.hash === hash)?.subject).toBe('original');
});

test('commits that were announced once are not announced again after a force push, a delete or both', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder, announce } = fixture;
  const base = sandbox.commit('base');
  const first = sandbox.commit('first');
  await announce('main', 'main:side');
  await announce('--force', `${base}:main`);
  await announce(':side');
  await announce('main', `${first}:refs/heads/back`);
  expect(announcedHashes(fixture)).toEqual([base, first]);
  expect(recorder.pushes.map(({ action, commits }) => [action, commits])).toEqual([
    ['created', 2],
    ['created', 0],
    ['forced', 0],
    ['deleted', 0],
    ['updated', 0],
    ['created', 0],
  ]);
});

test('a branch that goes from A to B, back and there again is three pushes with commits once', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder, announce, push } = fixture;
  const a = sandbox.commit('a');
  await announce('main');
  const b = sandbox.commit('b');
  recorder.events.length = 0;
  await push('main');
  await push('--force', `${a}:main`);
  await push(`${b}:main`);
  await fixture.deliver();
  expect(announcedHashes(fixture)).toEqual([b]);
  expect(recorder.pushes.map(({ before, after }) => [before, after])).toEqual([
    [a, b],
    [b, a],
    [a, b],
  ]);
});

test('two pushes of one commit to two branches announce it once, with the first', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder, push } = fixture;
  const hash = sandbox.commit('one');
  await push('main:first');
  await push('main:second');
  await fixture.deliver();
  expect(recorder.commits.map(({ ref }) => ref)).toEqual(['refs/heads/first']);
  expect(announcedHashes(fixture)).toEqual([hash]);
  expect(recorder.pushes.map(({ ref }) => ref)).toEqual(['refs/heads/first', 'refs/heads/second']);
});

test('what a repository held before it had the hook counts as announced', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder } = fixture;
  rmSync(sandbox.hook);
  sandbox.commit('old');
  await fixture.push('main', 'main:other');
  copyFileSync(HOOK_PATH, sandbox.hook);
  const hash = sandbox.commit('new');
  await fixture.push('main');
  await fixture.push('main:refs/heads/third');
  await fixture.deliver();
  expect(announcedHashes(fixture)).toEqual([hash]);
  expect(recorder.pushes.map(({ ref, commits }) => [ref, commits])).toEqual([
    ['refs/heads/main', 1],
    ['refs/heads/third', 0],
  ]);
});

test('a ref that changed without the hook is announced with the next push', async () => {
  const fixture = await setUpGit();
  const { sandbox, announce } = fixture;
  const hashes = [sandbox.commit('one')];
  await announce('main');
  rmSync(sandbox.hook);
  hashes.push(sandbox.commit('two'));
  await fixture.push('main');
  copyFileSync(HOOK_PATH, sandbox.hook);
  hashes.push(sandbox.commit('three'));
  await announce('main');
  expect(announcedHashes(fixture)).toEqual(hashes);
});

test('10,000 commits come in the order of git rev-list', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder, announce } = fixture;
  const stream = Array.from(
    { length: 10_000 },
    (_, i) => `commit refs/heads/main\ncommitter C <c@example.org> ${1_700_000_000 + i} +0000\ndata 1\nx\n`,
  );
  sandbox.fastImport(stream.join(''));
  await announce('main');
  expect(announcedHashes(fixture)).toEqual(revList(fixture, 'main'));
  expect(recorder.pushes).toMatchObject([{ commits: 10_000 }]);
});

test('commits whose dates run backwards are announced once', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder, announce } = fixture;
  const commits = Array.from({ length: 30 }, (_, i) => {
    const head = i === 0 ? 'commit refs/heads/base' : 'commit refs/heads/old-dates';
    const from = i === 1 ? 'from refs/heads/base\n' : '';
    return `${head}\ncommitter C <c@example.org> ${1_700_000_000 - i} +0000\ndata 1\nx\n${from}`;
  });
  sandbox.fastImport(commits.join(''));
  await announce('old-dates');
  await announce('base');
  expect(announcedHashes(fixture)).toEqual(revList(fixture, 'old-dates'));
  expect(recorder.pushes.map(({ commits: count }) => count)).toEqual([30, 0]);
});

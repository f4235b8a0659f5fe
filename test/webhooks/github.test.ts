// GitHub's push events.
import { expect, test } from 'vitest';
import { HASHES, publish, readPayload, ZERO, type Payload, type Published } from './deliveries.ts';

function push(payload: Payload): Published {
  return publish('github', 'push', payload);
}

test('a push to a branch is its commits, the oldest first, and then the push', () => {
  const { kinds, topics, commits, pushes } = push(readPayload('github-push'));
  expect(kinds).toEqual(['commit', 'commit', 'push']);
  expect(new Set(topics)).toEqual(new Set(['/json/ada/widget/main']));
  expect(commits[0]).toStrictEqual({
    repository: 'git',
    project: 'ada/widget',
    ref: 'refs/heads/main',
    hash: HASHES.first,
    shortHash: HASHES.first.slice(0, 7),
    author: 'Ada Lovelace',
    email: 'ada@example.org',
    committer: 'Ada Lovelace',
    committerEmail: 'ada@example.org',
    commitDate: '2026-11-21T12:00:00+01:00',
    subject: "Cut the lamp's wick",
    body: 'It glows a little.\nLonger, too.',
    log: "Cut the lamp's wick\n\nIt glows a little.\nLonger, too.",
    files: ['Makefile', 'README.md', 'lamp/wick.c'],
    changes: '3 files',
  });
  expect(commits[1]).toMatchObject({ hash: HASHES.second, files: ['lamp/wick.c'], changes: 'lamp/wick.c' });
  expect(pushes).toStrictEqual([
    {
      repository: 'git',
      project: 'ada/widget',
      ref: 'refs/heads/main',
      type: 'branch',
      action: 'updated',
      before: HASHES.old,
      after: HASHES.second,
      commits: 2,
      pusher: 'grace',
    },
  ]);
});

test('a new branch is created', () => {
  const { topics, commits, pushes } = push(readPayload('github-new-branch'));
  expect(topics).toEqual(['/json/ada/widget/feature/lamp', '/json/ada/widget/feature/lamp']);
  expect(commits.map(({ hash }) => hash)).toEqual([HASHES.first]);
  expect(pushes).toMatchObject([{ action: 'created', before: ZERO, after: HASHES.first, commits: 1 }]);
});

test('a deleted branch is a push alone', () => {
  const { kinds, pushes } = push(readPayload('github-deleted-branch'));
  expect(kinds).toEqual(['push']);
  expect(pushes).toMatchObject([{ action: 'deleted', before: HASHES.first, after: ZERO, commits: 0 }]);
});

test('a forced push is told as such', () => {
  expect(push(readPayload('github-force-push')).pushes).toMatchObject([{ action: 'forced', commits: 1 }]);
});

test.each([
  ['github-annotated-tag', 'refs/tags/v1.0', HASHES.tag],
  ['github-lightweight-tag', 'refs/tags/nightly', HASHES.second],
])('of a tag no more is told than what it names: %s', (name, ref, after) => {
  const { kinds, topics, pushes } = push(readPayload(name));
  expect(kinds).toEqual(['push']);
  expect(topics).toEqual([`/json/ada/widget/${ref}`]);
  expect(pushes).toMatchObject([{ ref, type: 'tag', action: 'created', after, commits: 0 }]);
  expect(pushes[0]).not.toHaveProperty('tag');
});

test('commits that were pushed before with another ref are not told again', () => {
  const { commits, pushes } = push(readPayload('github-merge'));
  expect(commits).toMatchObject([{ hash: HASHES.merge, files: ['README.md', 'candle.c', 'lamp/wick.c'] }]);
  expect(pushes).toMatchObject([{ commits: 1 }]);
  expect(pushes[0]).not.toHaveProperty('commitsTruncated');
});

test('commits that are listed the newest first are turned round', () => {
  const payload = readPayload('github-push');
  payload['commits'].reverse();
  expect(push(payload).commits.map(({ hash }) => hash)).toEqual([HASHES.first, HASHES.second]);
});

test.each([
  [2_047, undefined],
  [2_048, true],
])('a list of %i commits may be cut: %s', (count, isTruncated) => {
  const payload = readPayload('github-push');
  payload['commits'] = Array.from({ length: count }, () => payload['commits'][0] as unknown);
  const [details] = push(payload).pushes;
  expect(details?.commits).toBe(count);
  expect(details?.commitsTruncated).toBe(isTruncated);
  expect(details).not.toHaveProperty('commitsTotal');
});

test('of many files as many are listed as the hook lists, and all are counted', () => {
  const payload = readPayload('github-push');
  payload['commits'][0].added = Array.from({ length: 2_000 }, (_, index) => `f${index}`);
  const [commit] = push(payload).commits;
  expect(commit).toMatchObject({ filesTruncated: true, changes: '2002 files' });
  expect(commit?.files).toHaveLength(1_000);
});

test('where the sender may have cut the list of files, no count is told', () => {
  const payload = readPayload('github-push');
  payload['commits'][0].added = Array.from({ length: 3_000 }, (_, index) => `f${index}`);
  const [commit] = push(payload).commits;
  expect(commit).toHaveProperty('filesTruncated', true);
  expect(commit).not.toHaveProperty('changes');
});

test('a commit whose files are not told has none, and says so', () => {
  const payload = readPayload('github-push');
  for (const member of ['added', 'removed', 'modified']) delete payload['commits'][0][member];
  const [commit] = push(payload).commits;
  expect(commit).toHaveProperty('filesTruncated', true);
  expect(commit).not.toHaveProperty('files');
  expect(commit).not.toHaveProperty('changes');
});

test('a person without a mail address has none', () => {
  const payload = readPayload('github-push');
  payload['commits'][0].author.email = null;
  expect(push(payload).commits[0]).not.toHaveProperty('email');
});

test('a push by nobody has no pusher', () => {
  const payload = readPayload('github-push');
  delete payload['pusher'];
  expect(push(payload).pushes).toMatchObject([{ pusher: null }]);
});

test.each(['ping', 'create', 'delete', 'pull_request', 'constructor'])('%s is nobody’s business', (event) => {
  expect(publish('github', event, readPayload('github-ping')).kinds).toEqual([]);
});

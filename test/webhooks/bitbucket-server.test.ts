// The push event of Bitbucket Server and Data Center.
import { expect, test } from 'vitest';
import { HASHES, publish, readPayload, ZERO, type Payload, type Published } from './deliveries.ts';

function push(payload: Payload): Published {
  return publish('bitbucket-server', 'repo:refs_changed', payload);
}

test('where no commits are listed, a push says that they are missing', () => {
  const { topics, kinds, pushes } = push(readPayload('bitbucket-push'));
  expect(kinds).toEqual(['push']);
  expect(topics).toEqual(['/json/LAMP/widget/main']);
  expect(pushes).toStrictEqual([
    {
      repository: 'git',
      project: 'LAMP/widget',
      ref: 'refs/heads/main',
      type: 'branch',
      action: 'updated',
      before: HASHES.old,
      after: HASHES.second,
      commits: 0,
      commitsTruncated: true,
      pusher: 'grace',
    },
  ]);
});

test('each ref of a push has its own event, in its own topic', () => {
  const { topics, pushes } = push(readPayload('bitbucket-several-refs'));
  expect(topics).toEqual([
    '/json/LAMP/widget/main',
    '/json/LAMP/widget/feature/lamp',
    '/json/LAMP/widget/old',
    '/json/LAMP/widget/refs/tags/v1.0',
  ]);
  expect(pushes).toMatchObject([
    { type: 'branch', action: 'updated' },
    { type: 'branch', action: 'created', before: ZERO, after: HASHES.first },
    { type: 'branch', action: 'deleted', before: HASHES.other, after: ZERO },
    { type: 'tag', action: 'created', after: HASHES.tag },
  ]);
});

test('of a deleted ref no commits are missing', () => {
  const [, , deleted] = push(readPayload('bitbucket-several-refs')).pushes;
  expect(deleted).not.toHaveProperty('commitsTruncated');
});

test('commits that are listed are told, the oldest first', () => {
  const { kinds, commits, pushes } = push(readPayload('bitbucket-push-with-commits'));
  expect(kinds).toEqual(['commit', 'commit', 'push']);
  expect(commits.map(({ hash }) => hash)).toEqual([HASHES.first, HASHES.second]);
  expect(commits[0]).toStrictEqual({
    repository: 'git',
    project: 'LAMP/widget',
    ref: 'refs/heads/main',
    hash: HASHES.first,
    shortHash: HASHES.first.slice(0, 7),
    parents: [HASHES.old],
    author: 'Ada Lovelace',
    email: 'ada@example.org',
    date: '2026-11-21T11:00:00Z',
    committer: 'grace',
    committerEmail: 'grace@example.com',
    commitDate: '2026-11-21T11:03:20Z',
    subject: "Cut the lamp's wick",
    body: 'It glows a little.',
    log: "Cut the lamp's wick\n\nIt glows a little.",
    filesTruncated: true,
  });
  expect(pushes).toMatchObject([{ commits: 2 }]);
  expect(pushes[0]).not.toHaveProperty('commitsTruncated');
});

test('a merge comes after both of its parents', () => {
  const { commits, pushes } = push(readPayload('bitbucket-merge-with-commits'));
  expect(commits.map(({ hash }) => hash)).toEqual([HASHES.first, HASHES.second, HASHES.merge]);
  expect(commits[2]?.parents).toEqual([HASHES.old, HASHES.second]);
  expect(pushes[0]).not.toHaveProperty('commitsTruncated');
});

test('a commit that several refs reach is told with the first', () => {
  const { commits, pushes } = push(readPayload('bitbucket-several-refs-with-commits'));
  expect(commits.map(({ hash, ref }) => [hash, ref])).toEqual([
    [HASHES.first, 'refs/heads/main'],
    [HASHES.second, 'refs/heads/main'],
    [HASHES.other, 'refs/heads/hang'],
  ]);
  expect(pushes.map((details) => [details.commits, details.commitsTruncated])).toEqual([
    [2, undefined],
    [1, undefined],
  ]);
});

test('a list that does not lead back to the old value may be cut', () => {
  expect(push(readPayload('bitbucket-truncated')).pushes).toMatchObject([
    { commits: 1, commitsTruncated: true },
  ]);
});

test('commits that claim to be each other’s parents are told once', () => {
  const payload = readPayload('bitbucket-push-with-commits');
  payload['commits'][1].parents = [{ id: HASHES.second }];
  const { commits } = push(payload);
  expect(commits.map(({ hash }) => hash).toSorted()).toEqual([HASHES.first, HASHES.second]);
});

test('a commit with very many parents lists some of them', () => {
  const payload = readPayload('bitbucket-push-with-commits');
  payload['commits'][1].parents = Array.from({ length: 200_000 }, () => ({ id: HASHES.old }));
  const [commit] = push(payload).commits;
  expect(commit?.parents).toHaveLength(128);
  expect(commit?.parentsTruncated).toBe(true);
});

test.each([Number.MAX_SAFE_INTEGER, 9_999_999_999_999_000])(
  'a moment without a date is left out: %i',
  (ms) => {
    const payload = readPayload('bitbucket-push-with-commits');
    payload['commits'][1].authorTimestamp = ms;
    delete payload['commits'][1].committerTimestamp;
    const [commit] = push(payload).commits;
    expect(commit).not.toHaveProperty('date');
    expect(commit).not.toHaveProperty('commitDate');
  },
);

test.each(['diagnostics:ping', 'repo:modified', 'pr:opened', 'mirror:repo_synchronized'])(
  '%s is nobody’s business',
  (event) => {
    expect(publish('bitbucket-server', event, readPayload('bitbucket-ping')).kinds).toEqual([]);
  },
);

// GitLab's push and tag events.
import { expect, test } from 'vitest';
import { HASHES, publish, readPayload, ZERO, type Published } from './deliveries.ts';

function push(name: string, event = 'Push Hook'): Published {
  return publish('gitlab', event, readPayload(name));
}

test('a push to a branch is its commits, the oldest first, and then the push', () => {
  const { kinds, topics, commits, pushes } = push('gitlab-push');
  expect(kinds).toEqual(['commit', 'commit', 'push']);
  expect(new Set(topics)).toEqual(new Set(['/json/tools/lamps/widget/main']));
  expect(commits[0]).toStrictEqual({
    repository: 'git',
    project: 'tools/lamps/widget',
    ref: 'refs/heads/main',
    hash: HASHES.first,
    shortHash: HASHES.first.slice(0, 7),
    author: 'Ada Lovelace',
    email: 'ada@example.org',
    commitDate: '2026-11-21T12:00:00+01:00',
    subject: "Cut the lamp's wick",
    body: 'It glows a little.\n',
    log: "Cut the lamp's wick\n\nIt glows a little.\n",
    files: ['lamp/wick.c'],
    changes: 'lamp/wick.c',
  });
  expect(pushes).toStrictEqual([
    {
      repository: 'git',
      project: 'tools/lamps/widget',
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

test('a list of the newest commits is said to be cut, with the number of all', () => {
  expect(push('gitlab-truncated').pushes).toMatchObject([
    { commits: 2, commitsTruncated: true, commitsTotal: 31 },
  ]);
});

test('a merge comes after what it merged, as it is listed', () => {
  const { commits } = push('gitlab-merge');
  expect(commits.map(({ hash }) => hash)).toEqual([HASHES.first, HASHES.second, HASHES.merge]);
});

test('a new branch at a known commit is a push alone', () => {
  const { kinds, pushes } = push('gitlab-new-branch');
  expect(kinds).toEqual(['push']);
  expect(pushes).toMatchObject([{ action: 'created', before: ZERO, after: HASHES.first, commits: 0 }]);
  expect(pushes[0]).not.toHaveProperty('commitsTruncated');
});

test.each([
  ['gitlab-deleted-branch', 'Push Hook', 'branch', HASHES.first],
  ['gitlab-deleted-tag', 'Tag Push Hook', 'tag', HASHES.tag],
])('what was deleted is a push alone: %s', (name, event, type, before) => {
  const { kinds, pushes } = push(name, event);
  expect(kinds).toEqual(['push']);
  expect(pushes).toMatchObject([{ type, action: 'deleted', before, after: ZERO, commits: 0 }]);
});

test('an annotated tag has its message', () => {
  const { topics, pushes } = push('gitlab-annotated-tag', 'Tag Push Hook');
  expect(topics).toEqual(['/json/tools/lamps/widget/refs/tags/v1.0']);
  expect(pushes).toMatchObject([{ type: 'tag', action: 'created', after: HASHES.tag }]);
  expect(pushes[0]?.tag).toStrictEqual({ message: 'The first lamp\n\nHandle with care.' });
});

test('a message that is not of a tag is not told as one', () => {
  expect(push('gitlab-lightweight-tag', 'Tag Push Hook').pushes[0]).not.toHaveProperty('tag');
});

test('a long message of a tag is cut, and says so', () => {
  const payload = readPayload('gitlab-annotated-tag');
  payload['message'] = '日'.repeat(200_000);
  const [details] = publish('gitlab', 'Tag Push Hook', payload).pushes;
  expect(details?.tag).toHaveProperty('messageTruncated', true);
  expect(details?.tag?.message).toMatch(/^日{1000,}$/);
});

test('a pusher without an account has a name', () => {
  const payload = readPayload('gitlab-push');
  delete payload['user_username'];
  expect(publish('gitlab', 'Push Hook', payload).pushes).toMatchObject([{ pusher: 'Grace Hopper' }]);
});

test('the hook of a whole instance tells the same of a push', () => {
  expect(push('gitlab-push', 'System Hook')).toEqual(push('gitlab-push'));
  expect(push('gitlab-annotated-tag', 'System Hook').kinds).toEqual(['push']);
});

test('the same push is not told twice by the hook of an instance', () => {
  expect(push('gitlab-system-repository-update', 'System Hook').kinds).toEqual([]);
});

test.each(['Issue Hook', 'Merge Request Hook', 'Pipeline Hook'])('%s is nobody’s business', (event) => {
  expect(push('gitlab-push', event).kinds).toEqual([]);
});

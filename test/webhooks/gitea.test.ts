// The push and delete events of Gitea and Forgejo.
import { expect, test } from 'vitest';
import { DEFAULT_TOPIC_TEMPLATE } from '../../src/core/topic-template.ts';
import { translate } from '../../src/webhooks/webhooks.ts';
import { HASHES, headersOf, publish, readPayload, ZERO, type Published } from './deliveries.ts';

function push(name: string, event = 'push'): Published {
  return publish('gitea', event, readPayload(name));
}

test('a push to a branch is its commits, the oldest first, and then the push', () => {
  const { kinds, topics, commits, pushes } = push('gitea-push');
  expect(kinds).toEqual(['commit', 'commit', 'push']);
  expect(new Set(topics)).toEqual(new Set(['/json/tools/widget/main']));
  expect(commits.map(({ hash }) => hash)).toEqual([HASHES.first, HASHES.second]);
  expect(commits[0]).toStrictEqual({
    repository: 'git',
    project: 'tools/widget',
    ref: 'refs/heads/main',
    hash: HASHES.first,
    shortHash: HASHES.first.slice(0, 7),
    author: 'Ada Lovelace',
    email: 'ada@example.org',
    date: '2026-11-21T12:00:00+01:00',
    committer: 'Grace Hopper',
    committerEmail: 'grace@example.com',
    subject: "Cut the lamp's wick",
    body: 'It glows a little.\n',
    log: "Cut the lamp's wick\n\nIt glows a little.\n",
    files: ['lamp/wick.c'],
    changes: 'lamp/wick.c',
  });
  expect(pushes).toStrictEqual([
    {
      repository: 'git',
      project: 'tools/widget',
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

test('commits that are listed the oldest first stay so', () => {
  const payload = readPayload('gitea-push');
  payload['commits'].reverse();
  expect(publish('gitea', 'push', payload).commits.map(({ hash }) => hash)).toEqual([
    HASHES.first,
    HASHES.second,
  ]);
});

test('a merge comes after what it merged', () => {
  const { commits } = push('gitea-merge');
  expect(commits.map(({ hash }) => hash)).toEqual([HASHES.first, HASHES.second, HASHES.merge]);
});

test('a list of the newest commits is said to be cut, with the number of all', () => {
  expect(push('gitea-truncated').pushes).toMatchObject([
    { commits: 2, commitsTruncated: true, commitsTotal: 12 },
  ]);
});

test('of a new branch the number of all commits is not told', () => {
  const [details] = push('gitea-new-branch').pushes;
  expect(details).toMatchObject({ action: 'created', before: ZERO, commits: 2, commitsTruncated: true });
  expect(details).not.toHaveProperty('commitsTotal');
});

test.each([
  [9, undefined],
  [10, true],
])('a new branch of which %i commits are listed may have more: %s', (count, isTruncated) => {
  const payload = readPayload('gitea-new-branch');
  payload['commits'] = Array.from({ length: count }, () => payload['commits'][0] as unknown);
  payload['total_commits'] = count;
  expect(publish('gitea', 'push', payload).pushes[0]?.commitsTruncated).toBe(isTruncated);
});

test('a tag is a push alone, and no more is told of it', () => {
  const { kinds, topics, pushes } = push('gitea-annotated-tag');
  expect(kinds).toEqual(['push']);
  expect(topics).toEqual(['/json/tools/widget/refs/tags/v1.0']);
  expect(pushes).toMatchObject([{ type: 'tag', action: 'created', after: HASHES.tag, commits: 0 }]);
  expect(pushes[0]).not.toHaveProperty('tag');
});

test('a deleted branch, which no push tells of, is told without what it was', () => {
  const { topics, pushes } = push('gitea-delete-branch', 'delete');
  expect(topics).toEqual(['/json/tools/widget/feature/lamp']);
  expect(pushes).toStrictEqual([
    {
      repository: 'git',
      project: 'tools/widget',
      ref: 'refs/heads/feature/lamp',
      type: 'branch',
      action: 'deleted',
      after: ZERO,
      commits: 0,
      pusher: 'grace',
    },
  ]);
});

test('in a repository of longer hashes a deleted branch names as many zeros', () => {
  const payload = readPayload('gitea-delete-branch');
  payload['repository'].object_format_name = 'sha256';
  expect(publish('gitea', 'delete', payload).pushes).toMatchObject([{ after: '0'.repeat(64) }]);
});

test('a deleted tag is told by its push and not once more', () => {
  expect(push('gitea-deleted-tag').pushes).toMatchObject([{ action: 'deleted', before: HASHES.tag }]);
  expect(push('gitea-delete-tag', 'delete').kinds).toEqual([]);
});

test.each(['create', 'issues', 'pull_request', 'repository'])('%s is nobody’s business', (event) => {
  expect(push('gitea-create-branch', event).kinds).toEqual([]);
});

test('an older version names the account otherwise', () => {
  const payload = readPayload('gitea-push');
  delete payload['pusher'].login;
  expect(publish('gitea', 'push', payload).pushes).toMatchObject([{ pusher: 'grace' }]);
});

test.each([['x-gitea-event'], ['x-forgejo-event']])('the event is named in %s', (header) => {
  const headers = headersOf({ [header]: 'push' });
  expect(translate('gitea', headers, readPayload('gitea-push'), DEFAULT_TOPIC_TEMPLATE).events).toHaveLength(
    3,
  );
});

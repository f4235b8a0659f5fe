// What is the same for all vendors: delivery ids, topics, payloads of another form, and what bounds their events.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_EVENT_BYTES, asciiJsonBytes } from '../../src/core/event-limits.ts';
import { DEFAULT_TOPIC_TEMPLATE } from '../../src/core/topic-template.ts';
import type { WebhookKindName } from '../../src/core/webhook-kinds.ts';
import { readDeliveryId, translate, WEBHOOK_KINDS } from '../../src/webhooks/webhooks.ts';
import { pickCount } from '../support/long.ts';
import { HASHES, headersOf, publish, readPayload, type Payload } from './deliveries.ts';

const ID = '72d3162e-cc78-11e3-81ab-4c9367dc0958';

/** Sets a member, such as `commits.0.id`. */
function set(payload: Payload, path: string, value: unknown): Payload {
  const names = path.split('.');
  const last = names.pop() ?? '';
  // oxlint-disable-next-line typescript/no-unsafe-member-access -- a payload of whatever form
  const holder = names.reduce((object, name) => object[name] as Payload, payload);
  holder[last] = value;
  return payload;
}

function tryOut(kind: WebhookKindName, event: string, payload: unknown): void {
  try {
    publish(kind, event, payload);
  } catch (error) {
    expect(error).toMatchObject({ name: 'GitPubSubError' });
  }
}

// Puts a value in place of any other, however deep.
function replaceOne(payload: Payload, value: unknown, index: number): void {
  const places: [Payload, string][] = [];
  const collect = (holder: Payload): void => {
    for (const name of Object.keys(holder)) {
      places.push([holder, name]);
      if (typeof holder[name] === 'object' && holder[name] !== null) collect(holder[name] as Payload);
    }
  };
  collect(payload);
  const [holder, name] = places[index % places.length] ?? [payload, 'x'];
  holder[name] = value;
}

test.each([
  ['github', 'x-github-delivery'],
  ['gitlab', 'idempotency-key'],
  ['gitea', 'x-gitea-delivery'],
  ['gitea', 'x-forgejo-delivery'],
  ['bitbucket-server', 'x-request-id'],
] as const)('%s names a delivery in %s', (kind, header) => {
  expect(readDeliveryId(kind, headersOf({ [header]: ID }))).toBe(ID);
  expect(readDeliveryId(kind, headersOf({}))).toBeUndefined();
});

test.each(['x-gitlab-webhook-uuid', 'x-gitlab-event-uuid'])(
  '%s does not name a delivery of GitLab',
  (header) => {
    expect(readDeliveryId('gitlab', headersOf({ [header]: ID }))).toBeUndefined();
  },
);

test.each(['', ' ', 'a b', 'ü', 'x'.repeat(256)])(
  'an id that can be no idempotency key is none: %j',
  (id) => {
    expect(readDeliveryId('github', headersOf({ 'x-github-delivery': id }))).toBeUndefined();
  },
);

test('a delivery that names no event is refused, with the header it should have', () => {
  expect(() => translate('github', headersOf({}), {}, DEFAULT_TOPIC_TEMPLATE)).toThrow(
    expect.objectContaining({
      code: 'invalid-delivery',
      message: 'The header x-github-event is missing; a webhook of kind github names its event there.',
    }),
  );
});

function topicFor(payload: Payload, template?: string): string | undefined {
  return publish('github', 'push', payload, template).topics[0];
}

describe('a topic', () => {
  test('is made by the template, the owner being a segment of its own', () => {
    expect(topicFor(readPayload('github-push'), '/hub/{project}/{type}/{ref}')).toBe(
      '/hub/ada/widget/branch/refs/heads/main',
    );
  });

  test('holds names with odd characters', () => {
    const payload = readPayload('github-push');
    payload['ref'] = 'refs/heads/50%?#日';
    expect(topicFor(payload)).toBe('/json/ada/widget/50%25?#日');
  });

  test.each([
    ['/{project}', '-/x'],
    ['/{branch}', 'ada/widget'],
  ])('of the broker itself is none: %s', (template, project) => {
    const payload = readPayload('github-push');
    payload['repository'].full_name = project;
    payload['ref'] = 'refs/heads/-/x';
    const { kinds, leftOut } = publish('github', 'push', payload, template);
    expect(kinds).toEqual([]);
    expect(leftOut).toEqual([
      `refs/heads/-/x of ${project} is left out: The topic /-/x starts with "-", which belongs to the broker.`,
    ]);
  });

  test.each([
    ['".." is not allowed as a topic segment.', 'a/../b'],
    ['The topic segment "a\u2028" holds a control character or line separator.', 'a\u2028'],
    ['The topic segment "a\u0085" holds a control character or line separator.', 'a\u0085'],
    ['A topic has at most 32 segments; this one has 43.', 'x/'.repeat(40)],
    ['A topic has at most 1024 bytes after decoding; this one has 1218.', 'ü'.repeat(600)],
    ['A name of 1025 characters is too long; at most 1024 are allowed.', 'x'.repeat(1_014)],
  ])('that can be none leaves its ref out, and no other: %s', (reason, branch) => {
    const payload = readPayload('bitbucket-several-refs');
    payload['changes'][1].ref.id = `refs/heads/${branch}`;
    const { pushes, leftOut } = publish('bitbucket-server', 'repo:refs_changed', payload);
    expect(leftOut).toEqual([`refs/heads/${branch} of LAMP/widget is left out: ${reason}`]);
    expect(pushes.map(({ ref }) => ref)).toEqual(['refs/heads/main', 'refs/heads/old', 'refs/tags/v1.0']);
  });

  test('that cannot hold the name of a project leaves all out', () => {
    const payload = readPayload('github-push');
    payload['repository'].full_name = 'x'.repeat(1_025);
    expect(publish('github', 'push', payload)).toMatchObject({ kinds: [], leftOut: [expect.any(String)] });
  });
});

test('a push that changed nothing is no event', () => {
  const payload = readPayload('gitlab-push');
  payload['before'] = payload['after'];
  expect(publish('gitlab', 'Push Hook', payload).kinds).toEqual([]);
});

describe('a payload of another form is refused', () => {
  const event = {
    github: 'push',
    gitlab: 'Push Hook',
    gitea: 'push',
    'bitbucket-server': 'repo:refs_changed',
  };
  const payloads = {
    github: 'github-push',
    gitlab: 'gitlab-push',
    gitea: 'gitea-push',
    'bitbucket-server': 'bitbucket-push-with-commits',
  };

  test.each([
    ['github', 'ref', undefined, 'ref is missing; it must be a string.'],
    ['github', 'ref', 'main', 'ref is "main"; it must be a full ref, such as refs/heads/main.'],
    ['github', 'ref', '', 'ref is ""; it must be a string that is not empty.'],
    ['github', 'before', 'abc', 'before is "abc"; it must be a full hash, 40 or 64 hexadecimal digits.'],
    ['github', 'after', null, 'after is null; it must be a full hash'],
    ['github', 'forced', 'no', 'forced is "no"; it must be true or false.'],
    ['github', 'repository', undefined, 'repository.full_name is missing; it must be a string.'],
    ['github', 'repository', [], 'repository is a list; it must be an object.'],
    ['github', 'repository.full_name', 7, 'repository.full_name is 7; it must be a string.'],
    ['github', 'commits', {}, 'commits is an object; it must be a list.'],
    ['github', 'commits.1', 'x', 'commits[1] is "x"; it must be an object.'],
    ['github', 'commits.1.id', 'x', 'commits[1].id is "x"; it must be a full hash'],
    ['github', 'commits.0.message', 7, 'commits[0].message is 7; it must be a string.'],
    ['github', 'commits.0.timestamp', 1, 'commits[0].timestamp is 1; it must be a string.'],
    ['github', 'commits.0.author', 'ada', 'commits[0].author is "ada"; it must be an object.'],
    ['github', 'commits.0.author.name', 7, 'commits[0].author.name is 7; it must be a string.'],
    ['github', 'commits.0.id', null, 'commits[0].id is null; it must be a full hash'],
    ['github', 'commits.0.added', 'a', 'commits[0].added is "a"; it must be a list.'],
    ['github', 'commits.0.added', [1], 'commits[0].added[0] is 1; it must be a string.'],
    ['gitlab', 'project', null, 'project.path_with_namespace is missing; it must be a string.'],
    ['gitlab', 'total_commits_count', '4', 'total_commits_count is "4"; it must be a number.'],
    ['gitea', 'pusher', 'grace', 'pusher is "grace"; it must be an object.'],
    ['bitbucket-server', 'changes', 'x', 'changes is "x"; it must be a list.'],
    ['bitbucket-server', 'changes.0.ref.id', undefined, 'changes[0].ref.id is missing; it must be a string.'],
    ['bitbucket-server', 'changes.0.toHash', 5, 'changes[0].toHash is 5; it must be a full hash'],
    ['bitbucket-server', 'repository.project.key', undefined, 'repository.project.key is missing'],
    ['bitbucket-server', 'commits.0.parents', [null], 'commits[0].parents[0].id is missing; it must be'],
  ] as const)('%s: %s as %j', (kind, path, value, message) => {
    const payload = set(readPayload(payloads[kind]), path, value);
    const error = expect.objectContaining({
      code: 'invalid-delivery',
      message: expect.stringContaining(message),
    });
    expect(() => publish(kind, event[kind], payload)).toThrow(error);
  });

  test.each([7, [], 'push'])('%j as a whole', (payload) => {
    expect(() => publish('github', 'push', payload)).toThrow('The payload is');
  });

  test('nothing as a whole', () => {
    expect(() => publish('github', 'push', null)).toThrow('after is missing');
  });
});

describe('what is not told is no reason to lose the push:', () => {
  test.each([
    ['github', 'push', 'github-push', 'pusher'],
    ['gitlab', 'Push Hook', 'gitlab-push', 'total_commits_count'],
    ['gitea', 'push', 'gitea-push', 'sender'],
    ['bitbucket-server', 'repo:refs_changed', 'bitbucket-push-with-commits', 'actor'],
  ] as const)('all that a payload of %s need not have', (kind, event, name, member) => {
    const payload = readPayload(name);
    const told = publish(kind, event, readPayload(name));
    payload[member] = null;
    for (const commit of payload['commits'] as Payload[])
      for (const key of Object.keys(commit).filter((one) => one !== 'id' && one !== 'parents'))
        commit[key] = null;
    const { kinds, commits } = publish(kind, event, payload);
    expect(kinds).toEqual(told.kinds);
    expect(commits[0]).toMatchObject({ hash: HASHES.first, author: '', subject: '', body: '', log: '' });
    for (const absent of ['email', 'committer', 'date', 'commitDate', 'files'])
      expect(commits[0]).not.toHaveProperty(absent);
  });

  test('the name of a person whose mail address is told', () => {
    const payload = set(readPayload('github-push'), 'commits.0.author.name', null);
    expect(publish('github', 'push', payload).commits[0]).toMatchObject({
      author: '',
      email: 'ada@example.org',
    });
  });

  test.each([1.5, 1e300])('a number that is none: %j', (count) => {
    const payload = set(readPayload('gitlab-push'), 'total_commits_count', count);
    expect(publish('gitlab', 'Push Hook', payload).pushes[0]).not.toHaveProperty('commitsTotal');
  });
});

test('a date of another form is left out', () => {
  const payload = readPayload('github-push');
  payload['commits'][0].timestamp = 'yesterday';
  expect(publish('github', 'push', payload).commits[0]).not.toHaveProperty('commitDate');
});

test('no event is longer than the longest of the hook', () => {
  const payload = readPayload('github-push');
  const person = { name: 'ü'.repeat(10_000), email: '\u0001'.repeat(10_000) };
  const commit = {
    ...payload['commits'][0],
    author: person,
    committer: person,
    message: `${'日'.repeat(200_000)}\n\nx`,
    added: Array.from({ length: 5_000 }, (_, index) => `${'ж'.repeat(500)}${index}`),
  };
  payload['commits'] = [commit];
  payload['ref'] = `refs/heads/${'ü'.repeat(300)}`;
  const { commits } = publish('github', 'push', payload);
  expect(commits[0]).toMatchObject({ logTruncated: true, filesTruncated: true });
  expect(asciiJsonBytes({ commit: commits[0] })).toBeLessThanOrEqual(MAX_EVENT_BYTES);
});

test('a delivery of more events than a request may have is refused', () => {
  const payload = readPayload('bitbucket-push');
  payload['changes'] = Array.from({ length: 10_001 }, () => payload['changes'][0] as unknown);
  expect(() => publish('bitbucket-server', 'repo:refs_changed', payload)).toThrow(
    'The delivery makes 10001 events; at most 10000 are allowed.',
  );
});

describe('any payload is translated or refused, and nothing else happens', () => {
  const kinds = Object.keys(WEBHOOK_KINDS) as WebhookKindName[];
  const events = kinds.flatMap((kind) =>
    Object.keys(WEBHOOK_KINDS[kind].readers).map((event) => ({ kind, event })),
  );
  const numRuns = pickCount(500, 50_000);

  test('whatever it is', () => {
    fc.assert(
      fc.property(fc.constantFrom(...events), fc.jsonValue(), ({ kind, event }, payload) => {
        tryOut(kind, event, payload);
      }),
      { numRuns },
    );
  });

  test('if it is nearly right', () => {
    const names = [
      'github-merge',
      'gitlab-annotated-tag',
      'gitlab-merge',
      'gitea-merge',
      'gitea-delete-branch',
    ];
    const payload = fc.constantFrom(...names, 'bitbucket-several-refs-with-commits').map(readPayload);
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\ud800', 'refs/heads/\udc00', HASHES.old, '0'.repeat(64), '__proto__', 1e308, -1),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...events),
        payload,
        odd,
        fc.nat(),
        ({ kind, event }, base, value, index) => {
          replaceOne(base, value, index);
          tryOut(kind, event, base);
        },
      ),
      { numRuns: numRuns * 4 },
    );
  });
});

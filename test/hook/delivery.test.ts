// What becomes of events when the broker does not take them, or files are not what they were: real pushes, delivered in this
// process to a recorder that answers what the test wants.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deliver } from '../../src/hook/delivery.ts';
import { takeLock } from '../../src/hook/delivery-lock.ts';
import { readDeliveryStatus, type LastDelivery } from '../../src/hook/delivery-status.ts';
import { setUpGit, type GitFixture } from '../support/git-fixture.ts';
import type { Answer } from '../support/git-recorder.ts';
import { GIT_ENVIRONMENT, type GitSandbox } from '../support/git-sandbox.ts';

const REFUSED: Answer = { status: 400, body: '{"detail":"Not this."}' };

function fileOf({ bare }: GitSandbox, name: string): string {
  return join(bare, 'gitpubsub', name);
}

function readDeadLetters(sandbox: GitSandbox): unknown[] {
  const lines = readFileSync(fileOf(sandbox, 'dead-letter.ndjson'), 'utf8').trimEnd().split('\n');
  return lines.map((line): unknown => JSON.parse(line));
}

function subjects({ recorder }: GitFixture): string[] {
  return recorder.events.map(({ event }) => ('commit' in event ? event.commit.subject : event.push.ref));
}

async function setUpTwoPushes(): Promise<GitFixture> {
  const fixture = await setUpGit();
  for (const subject of ['one', 'two']) {
    fixture.sandbox.commit(subject);
    await fixture.push('main');
  }
  return fixture;
}

const IN_ORDER = ['one', 'refs/heads/main', 'two', 'refs/heads/main'];

test.each([
  [401, {}],
  [403, {}],
  [404, {}],
  [408, {}],
  [429, {}],
  [500, {}],
  [503, {}],
  [301, { Location: '/elsewhere' }],
  [400, { 'Content-Type': 'text/html' }],
  [409, { 'Content-Type': 'text/html' }],
])('after %i %j everything waits and comes later, in order', async (status, headers) => {
  const fixture = await setUpTwoPushes();
  const { recorder, sandbox } = fixture;
  recorder.answer = (_, index) => (index === 1 ? { status, headers, body: 'Not now.' } : { status: 200 });
  const report = await fixture.deliver();
  const advice = status === 401 ? ' No token was sent.' : '';
  expect(report.failure).toBe(`${recorder.url}: ${status} Not now.${advice}`);
  expect(report).toMatchObject({ storedCount: 2, refusedCount: 0, waiting: { pushCount: 1 } });
  expect(recorder.requests).toHaveLength(2);
  expect(await fixture.deliver()).toMatchObject({ storedCount: 2, failure: undefined });
  expect(subjects(fixture)).toEqual(IN_ORDER);
  expect([...sandbox.list('spool'), ...sandbox.list('outbox')]).toEqual([]);
});

test('a batch whose answer was lost is sent again under its key, and stored once', async () => {
  const fixture = await setUpTwoPushes();
  const { recorder } = fixture;
  const { url } = recorder;
  let isFirst = true;
  recorder.answer = () => (isFirst ? { status: 200, body: '{' } : { status: 200 });
  expect((await fixture.deliver()).failure).toBe(`${url}: 200 This is no answer of a GitPubSub broker.`);
  isFirst = false;
  await fixture.deliver();
  expect(recorder.requests[1]?.key).toBe(recorder.requests[0]?.key);
  expect(subjects(fixture)).toEqual(IN_ORDER);
});

test('no two batches share a key', async () => {
  const fixture = await setUpTwoPushes();
  await fixture.deliver();
  expect(new Set(fixture.recorder.requests.map(({ key }) => key)).size).toBe(2);
});

test.each([400, 409, 413])(
  'of a batch answered %i what can be stored is stored in order, the rest is a dead letter',
  async (status) => {
    const fixture = await setUpGit();
    const { sandbox, recorder } = fixture;
    for (const subject of ['one', 'bad', 'three']) sandbox.commit(subject);
    recorder.answer = ({ events }) =>
      events.some(({ event }) => 'commit' in event && event.commit.subject === 'bad')
        ? { status, body: '{"detail":"Not this."}' }
        : { status: 200 };
    expect(await fixture.announce('main')).toBeUndefined();
    expect(subjects(fixture)).toEqual(['one', 'three', 'refs/heads/main']);
    const letters = readDeadLetters(sandbox);
    expect(letters).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        status,
        reason: 'Not this.',
        target: '/json/widget/main',
        event: { commit: expect.objectContaining({ subject: 'bad' }) as object },
      },
    ]);
    expect(await readDeliveryStatus(sandbox.bare)).toMatchObject({ deadLetterCount: 1, lastError: null });
  },
);

test('a divided batch is never sent under its old key, and its new keys outlive a failure', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder } = fixture;
  for (const subject of ['one', 'two']) sandbox.commit(subject);
  const answers: Answer[] = [REFUSED, { status: 200 }, { status: 200, body: 'lost' }];
  recorder.answer = (_, index) => answers[index] ?? { status: 200 };
  await fixture.announce('main');
  await fixture.deliver();
  expect(recorder.requests.map(({ events }) => events.length)).toEqual([3, 1, 1, 1, 1]);
  const keys = recorder.requests.map(({ key }) => key);
  expect(keys[3]).toBe(keys[2]);
  expect(new Set(keys).size).toBe(4);
  expect(subjects(fixture)).toEqual(['one', 'two', 'refs/heads/main']);
});

test('a broker that recovers within the time for it gets everything', async () => {
  const fixture = await setUpTwoPushes();
  const { sandbox, recorder } = fixture;
  recorder.answer = (_, index) =>
    index % 2 === 0 ? { status: 503, headers: { 'Retry-After': '0' } } : { status: 200 };
  const report = await deliver(sandbox.bare, {
    environment: GIT_ENVIRONMENT,
    retryForMs: 10_000,
    lockWaitMs: 0,
    settleMs: 0,
  });
  expect(report).toMatchObject({ storedCount: 4, failure: undefined });
  expect(subjects(fixture)).toEqual(IN_ORDER);
});

test('a broker that asks for more patience than there is, is left alone', async () => {
  const fixture = await setUpTwoPushes();
  fixture.recorder.answer = () => ({ status: 503, headers: { 'Retry-After': '3600' }, body: 'Later.' });
  const options = { environment: GIT_ENVIRONMENT, retryForMs: 10_000, lockWaitMs: 0, settleMs: 0 };
  expect((await deliver(fixture.sandbox.bare, options)).failure).toMatch(/503 Later\.$/);
  expect(fixture.recorder.requests).toHaveLength(1);
});

test('pushes are published in the order they were taken in, whatever the clock has done meanwhile', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder } = fixture;
  recorder.answer = () => ({ status: 503 });
  for (const [subject, seconds] of [
    ['one', 100],
    ['two', 200],
  ] as const) {
    sandbox.commit(subject);
    await fixture.push('main');
    sandbox.backdateLastPush(seconds);
    await fixture.deliver();
  }
  recorder.answer = () => ({ status: 200 });
  expect(await fixture.deliver()).toMatchObject({ failure: undefined, storedCount: 4 });
  expect(subjects(fixture)).toEqual(IN_ORDER);
});

test('files of an outbox that had no sequence yet go out first', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder } = fixture;
  recorder.answer = () => ({ status: 503 });
  sandbox.commit('one');
  await fixture.announce('main');
  const [name = ''] = sandbox.list('outbox');
  renameSync(fileOf(sandbox, `outbox/${name}`), fileOf(sandbox, `outbox/${name.replace(/^\d{12}\./, '')}`));
  sandbox.commit('two');
  await fixture.announce('main');
  recorder.answer = () => ({ status: 200 });
  expect(await fixture.deliver()).toMatchObject({
    failure: undefined,
    storedCount: 4,
    waiting: { pushCount: 0 },
  });
  expect(subjects(fixture)).toEqual(IN_ORDER);
});

test('while another delivery is at work, this one leaves', async () => {
  const fixture = await setUpTwoPushes();
  const lock = await takeLock(fileOf(fixture.sandbox, 'lock'), 0);
  expect(await fixture.deliver()).toMatchObject({ isBusy: true, storedCount: 0, waiting: { pushCount: 2 } });
  await lock?.release();
  expect(await fixture.deliver()).toMatchObject({ isBusy: false, storedCount: 4 });
});

test('a delivery waits for another as long as it is told to', async () => {
  const fixture = await setUpTwoPushes();
  const path = fileOf(fixture.sandbox, 'lock');
  const lock = await takeLock(path, 0);
  expect(await takeLock(path, 100)).toBeUndefined();
  const waiting = takeLock(path, 10_000);
  await lock?.release();
  await (await waiting)?.release();
});

test('a push that comes while a delivery is at work is delivered by that', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder, push } = fixture;
  sandbox.commit('one');
  await push('main');
  const second = sandbox.commit('two');
  let isPushed: Promise<void> | undefined;
  recorder.answer = () => {
    isPushed ??= push('main');
    return { status: 200 };
  };
  const report = await fixture.deliver();
  await isPushed;
  if (report.storedCount === 2) await fixture.deliver(); // Why: the push may have taken longer than the whole delivery.
  expect(recorder.commits.at(-1)?.hash).toBe(second);
});

test('a push whose objects are gone is a push that says so', async () => {
  const { sandbox, recorder, push, deliver: deliverNow } = await setUpGit();
  const base = sandbox.commit('base');
  await push('main');
  await deliverNow();
  recorder.events.length = 0;
  const gone = sandbox.commit('gone', { a: '1' });
  await push('main', 'main:doomed');
  await push('--force', `${base}:main`);
  await push(':doomed');
  sandbox.bareGit('reflog', 'expire', '--expire=now', '--all');
  sandbox.bareGit('prune', '--expire=now');
  expect(await deliverNow()).toMatchObject({ failure: undefined });
  expect(recorder.events.map(({ event }) => Object.keys(event)[0])).toEqual(Array(4).fill('push'));
  expect(recorder.pushes).toMatchObject([
    { ref: 'refs/heads/main', action: 'forced', after: gone, commits: 0, commitsMissing: true },
    { ref: 'refs/heads/doomed', action: 'created', after: gone, commits: 0, commitsMissing: true },
    { ref: 'refs/heads/main', action: 'forced', before: gone, after: base },
    { ref: 'refs/heads/doomed', action: 'deleted', before: gone },
  ]);
  expect(recorder.pushes.map((details) => 'commitsMissing' in details)).toEqual([true, true, false, false]);
});

test('what comes back after its objects were gone is announced then', async () => {
  const { sandbox, recorder, push, deliver: deliverNow } = await setUpGit();
  sandbox.commit('base');
  await push('main');
  sandbox.git('switch', '-q', '-c', 'topic');
  const hash = sandbox.commit('topic');
  await push('topic');
  await push(':topic');
  sandbox.bareGit('prune', '--expire=now');
  await deliverNow();
  expect(recorder.commits.map(({ subject }) => subject)).toEqual(['base']);
  await push('topic');
  await deliverNow();
  expect(recorder.commits.at(-1)?.hash).toBe(hash);
});

test('a damaged history is a push that says so, and the next push goes on from there', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.commit('one', { a: '1' });
  await announce('main');
  sandbox.commit('two', { a: '2' });
  sandbox.commit('three');
  await sandbox.push({}, 'origin', 'main');
  const tree = sandbox.git('rev-parse', 'main^{tree}');
  renameSync(join(sandbox.bare, 'objects', tree.slice(0, 2), tree.slice(2)), join(sandbox.root, 'tree'));
  expect(await announce('main:again')).toBeUndefined();
  expect(recorder.pushes.slice(1)).toMatchObject([
    { ref: 'refs/heads/main', action: 'updated', commits: 0, commitsMissing: true },
    { ref: 'refs/heads/again', action: 'created', commits: 0 },
  ]);
  renameSync(join(sandbox.root, 'tree'), join(sandbox.bare, 'objects', tree.slice(0, 2), tree.slice(2)));
  const hash = sandbox.commit('four');
  await announce('main');
  expect(recorder.commits.map(({ subject }) => subject)).toEqual(['one', 'four']);
  expect(recorder.commits.at(-1)?.hash).toBe(hash);
  expect(readFileSync(fileOf(sandbox, 'log'), 'utf8')).toMatch(
    / can't be read, .*git diff-tree ended with status 128/,
  );
});

test.each(['', '{', '{"refs":{}}', '{"refs":{"refs/heads/main":"x"},"former":[],"recent":[],"lastPush":""}'])(
  'damaged notes of what has been announced are set aside, and all refs but those just pushed count as announced: %j',
  async (content) => {
    const { sandbox, recorder, announce } = await setUpGit();
    sandbox.commit('one');
    await announce('main');
    writeFileSync(fileOf(sandbox, 'announced.json'), content);
    sandbox.commit('two');
    expect(await announce('main')).toBeUndefined();
    expect(recorder.commits.map(({ subject }) => subject)).toEqual(['one', 'two']);
    expect(readFileSync(fileOf(sandbox, 'announced.json.damaged'), 'utf8')).toBe(content);
    expect(readFileSync(fileOf(sandbox, 'log'), 'utf8')).toContain('announced.json.damaged');
  },
);

test('damaged events are set aside and hold up nothing', async () => {
  const { sandbox, recorder, announce, push, deliver: deliverNow } = await setUpGit();
  recorder.answer = () => ({ status: 503 });
  sandbox.commit('one');
  await announce('main');
  const [name = ''] = sandbox.list('outbox');
  writeFileSync(fileOf(sandbox, `outbox/${name}`), 'nonsense\n');
  recorder.answer = () => ({ status: 200 });
  sandbox.commit('two');
  await push('main');
  expect(await deliverNow()).toMatchObject({ failure: undefined, storedCount: 2 });
  expect(sandbox.list('outbox')).toEqual([`${name}.damaged`]);
});

test('the status tells how the last delivery went, and what waits', async () => {
  const { sandbox, recorder, announce, push, deliver: deliverNow } = await setUpGit();
  expect(await readDeliveryStatus(sandbox.bare)).toEqual({
    broker: null,
    lastAttempt: null,
    lastDelivery: null,
    lastError: null,
    waiting: { pushCount: 0, sinceMs: undefined },
    deadLetterCount: 0,
  });
  recorder.answer = () => ({ status: 503, body: 'busy' });
  sandbox.commit('one');
  await announce('main');
  await push('main:two');
  const status = await readDeliveryStatus(sandbox.bare);
  expect(status).toMatchObject({
    broker: recorder.url,
    lastDelivery: null,
    lastError: { message: `${recorder.url}: 503 busy` },
    waiting: { pushCount: 2 },
  });
  expect(Math.abs((status.waiting.sinceMs ?? 0) - Date.now())).toBeLessThan(20_000);
  recorder.answer = () => ({ status: 200 });
  await deliverNow();
  expect(await readDeliveryStatus(sandbox.bare)).toMatchObject({
    lastError: null,
    waiting: { pushCount: 0 },
  });
});

test('the status of a delivery that takes long tells of the events that are stored', async () => {
  const { sandbox, recorder } = await setUpTwoPushes();
  const seen: unknown[] = [];
  recorder.answer = () => {
    seen.push(
      existsSync(fileOf(sandbox, 'status.json'))
        ? (JSON.parse(readFileSync(fileOf(sandbox, 'status.json'), 'utf8')) as LastDelivery)
        : null,
    );
    return { status: 200 };
  };
  const options = { environment: GIT_ENVIRONMENT, retryForMs: 0, lockWaitMs: 0, settleMs: 0, noteEveryMs: 0 };
  await deliver(sandbox.bare, options);
  const lastDelivery = expect.stringMatching(/^\d{4}-/) as unknown;
  expect(seen).toEqual([null, expect.objectContaining({ broker: recorder.url, lastDelivery })]);
});

test('the log stays small', async () => {
  const { sandbox, announce } = await setUpGit();
  sandbox.bareGit('config', 'gitpubsub.topic', `/{${'x'.repeat(30_000)}}`);
  sandbox.commit('one');
  for (let i = 0; i < 7; i++) await announce(`main:refs/heads/${i}`);
  const names = sandbox.list('.').filter((name) => name.startsWith('log'));
  expect(names).toEqual(['log', 'log.old']);
  const sizes = names.map((name) => readFileSync(fileOf(sandbox, name)).length);
  expect(Math.max(...sizes)).toBeLessThan(64 * 1024 + 31_000);
});

test.each(['announced.json.tmp', 'outbox/000000000001.{push}.000000.000000.batches'])(
  'a push that cannot be taken in waits, and nothing of it is published before it is: no %s',
  async (name) => {
    const { sandbox, recorder, push, deliver: deliverNow } = await setUpGit();
    sandbox.commit('one');
    await push('main');
    const spooled = sandbox.list('spool')[0]?.replace('.push', '') ?? '';
    const blocker = fileOf(sandbox, name.replace('{push}', spooled));
    mkdirSync(blocker, { recursive: true });
    expect(await deliverNow()).toMatchObject({ failure: expect.stringContaining('EISDIR') as string });
    expect(await deliverNow()).toMatchObject({ failure: expect.any(String) as string, storedCount: 0 });
    rmSync(blocker, { recursive: true });
    expect(await deliverNow()).toMatchObject({ failure: undefined, storedCount: 2 });
    expect(recorder.commits).toHaveLength(1);
  },
);

test('a dead letter that cannot be written is not lost', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder } = fixture;
  sandbox.commit('one');
  await fixture.push('main');
  recorder.answer = () => REFUSED;
  mkdirSync(fileOf(sandbox, 'dead-letter.ndjson'));
  expect((await fixture.deliver()).failure).toMatch(/EISDIR/);
  rmSync(fileOf(sandbox, 'dead-letter.ndjson'), { recursive: true });
  expect(await fixture.deliver()).toMatchObject({ failure: undefined, refusedCount: 2 });
  expect(readDeadLetters(sandbox)).toHaveLength(2);
});

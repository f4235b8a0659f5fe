// Pushes to several brokers, of which some don't answer: each origin waits for itself.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ClosedOrigins } from '../../src/hook/closed-origins.ts';
import { hookFilesOf } from '../../src/hook/hook-files.ts';
import { OutboxSender } from '../../src/hook/outbox-sender.ts';
import { setUpGit, type GitFixture } from '../support/git-fixture.ts';
import { GitRecorder } from '../support/git-recorder.ts';

async function startOther(): Promise<GitRecorder> {
  const other = await GitRecorder.start();
  onTestFinished(() => other.stop());
  return other;
}

// Each branch to a URL of its own, or to the repository's broker.
async function pushTo({ sandbox }: GitFixture, branch: string, url = ''): Promise<void> {
  sandbox.git('switch', '-q', '--orphan', branch);
  sandbox.commit(branch);
  expect(await sandbox.push({ GITPUBSUB_URL: url }, 'origin', branch)).toEqual({ status: 0, stderr: '' });
}

function branches({ pushes }: GitRecorder): string[] {
  return pushes.map(({ ref }) => ref.slice('refs/heads/'.length));
}

test('a push to a broker of its own that fails holds up only what goes there, too', async () => {
  const fixture = await setUpGit();
  const { recorder, sandbox } = fixture;
  const other = await startOther();
  other.answer = () => ({ status: 503, body: 'Not now.' });
  for (const [branch, url] of [['a', `${other.url}/x`], ['b'], ['c', `${other.url}/y`], ['d']] as const)
    await pushTo(fixture, branch, url);
  const report = await fixture.deliver();
  expect(report).toMatchObject({
    failure: `${other.url}: 503 Not now.`,
    storedCount: 4,
    waiting: { pushCount: 2 },
  });
  expect(branches(recorder)).toEqual(['b', 'd']);
  expect(other.requests.map(({ path }) => path)).toEqual(['/x']);
  other.answer = () => ({ status: 200 });
  expect(await fixture.deliver()).toMatchObject({ failure: undefined, storedCount: 4 });
  expect(branches(other)).toEqual(['a', 'c']);
  expect(sandbox.list('outbox')).toEqual([]);
});

test('all that fail are told', async () => {
  const fixture = await setUpGit();
  const { recorder } = fixture;
  const other = await startOther();
  for (const each of [recorder, other]) each.answer = () => ({ status: 503, body: 'Not now.' });
  await pushTo(fixture, 'a', `${other.url}/x`);
  await pushTo(fixture, 'b');
  expect((await fixture.deliver()).failure).toBe(`${other.url}: 503 Not now.; ${recorder.url}: 503 Not now.`);
});

test('a directory among the events is set aside and holds up nothing', async () => {
  const fixture = await setUpGit();
  const { recorder, sandbox } = fixture;
  const name = '000000000000.1700000000.5-a.000000.000000.batches';
  await pushTo(fixture, 'a');
  mkdirSync(join(sandbox.bare, 'gitpubsub', 'outbox', name), { recursive: true });
  expect(await fixture.deliver()).toMatchObject({ failure: undefined, waiting: { pushCount: 0 } });
  expect(branches(recorder)).toEqual(['a']);
  expect(sandbox.list('outbox')).toEqual([`${name}.damaged`]);
});

test('a pipe among them does so, too, while a broker is not asked', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder } = fixture;
  const name = '999999999999.1700000000.5-a.000000.000000.batches';
  recorder.answer = () => ({ status: 503 });
  await pushTo(fixture, 'a');
  mkdirSync(join(sandbox.bare, 'gitpubsub', 'outbox'));
  execFileSync('sh', ['-c', 'mkfifo "$0"', join(sandbox.bare, 'gitpubsub', 'outbox', name)]);
  expect(await fixture.deliver()).toMatchObject({ waiting: { pushCount: 1 } });
  expect(sandbox.list('outbox')).toContain(`${name}.damaged`);
});

// As `gitpubsub flush` goes through repositories, with less patience. Gives what each of them was told.
async function sendEach(fixtures: readonly GitFixture[], url: string): Promise<(string | undefined)[]> {
  const closed = new ClosedOrigins();
  const failures: (string | undefined)[] = [];
  for (const { sandbox } of fixtures) {
    const options = {
      broker: new URL(url),
      tokens: { for: () => undefined },
      closed,
      checkLock: () => {},
      noteStored: () => Promise.resolve(),
      timeoutMs: 300,
    };
    const sender = new OutboxSender(hookFilesOf(sandbox.bare), options);
    failures.push((await sender.sendAll())?.message.replace(`${url}: `, ''));
    sender.close();
  }
  return failures;
}

// Repositories whose events are ready, and the broker that they are for from now on.
async function setUpReady(count: number): Promise<{ fixtures: GitFixture[]; broker: GitRecorder }> {
  const fixtures = await Promise.all(Array.from({ length: count }, () => setUpGit()));
  for (const fixture of fixtures) {
    fixture.recorder.answer = () => ({ status: 503 });
    await pushTo(fixture, 'a');
    await fixture.deliver();
  }
  return { fixtures, broker: await startOther() };
}

test('of many repositories one whose request hangs does not keep the next from being tried', async () => {
  const { fixtures, broker } = await setUpReady(2);
  broker.answer = (_, index) => (index === 0 ? 'hang' : { status: 200 });
  expect(await sendEach(fixtures, broker.url)).toEqual(['no answer within 300 ms', undefined]);
});

test('a broker that hangs at two repositories in a row is left alone, one that is away at once', async () => {
  const { fixtures, broker } = await setUpReady(3);
  const { url } = broker;
  broker.answer = () => 'hang';
  const hangs = 'no answer within 300 ms';
  expect(await sendEach(fixtures, url)).toEqual([hangs, hangs, 'did not answer a moment ago']);
  await broker.stop();
  const [first, ...others] = await sendEach(fixtures, url);
  expect(first).toMatch(/ECONNREFUSED/);
  expect(others).toEqual(Array(2).fill('did not answer a moment ago'));
});

test('a broker that answers between two that hang is tried on', async () => {
  const { fixtures, broker } = await setUpReady(4);
  broker.answer = (_, index) => (index === 1 ? { status: 503, body: 'busy' } : 'hang');
  const hangs = 'no answer within 300 ms';
  expect(await sendEach(fixtures, broker.url)).toEqual([hangs, '503 busy', hangs, hangs]);
});

// The files that the hook keeps in a repository: whose they are, what they hide, and what crashes and others have put there.
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addDeadLetters, countDeadLetters } from '../../src/hook/dead-letters.ts';
import { makeBatch } from '../../src/hook/batch.ts';
import { makeOwnedDirectory } from '../../src/files/file-owner.ts';
import { BackgroundDelivery } from '../support/background-delivery.ts';
import { setUpGit, type GitFixture } from '../support/git-fixture.ts';
import { runProgram } from '../support/git-sandbox.ts';

const IS_ROOT = process.geteuid?.() === 0;

// Some account that is not root: nobody's, on most machines.
const OTHER_ACCOUNT = 65_534;

// With nothing there but the spool: what the hook has started is gone, and its log.
async function setUpWaiting(): Promise<GitFixture> {
  const fixture = await setUpGit();
  const background = new BackgroundDelivery(fixture.sandbox, 'true');
  fixture.sandbox.commit('one');
  await fixture.push('main');
  await background.finish();
  rmSync(join(directoryOf(fixture), 'log'));
  return fixture;
}

function directoryOf({ sandbox }: GitFixture): string {
  return join(sandbox.bare, 'gitpubsub');
}

test('what a killed hook has left is removed, what another hook is writing is not', async () => {
  const fixture = await setUpWaiting();
  for (const [name, ageDays] of [
    ['1.5-a.tmp', 2],
    ['2.5-b.tmp', 0],
  ] as const) {
    const path = join(directoryOf(fixture), 'spool', name);
    writeFileSync(path, 'pusher=');
    const seconds = Date.now() / 1000 - ageDays * 86_400;
    utimesSync(path, seconds, seconds);
  }
  expect(await fixture.deliver()).toMatchObject({ failure: undefined, storedCount: 2 });
  expect(fixture.sandbox.list('spool')).toEqual(['2.5-b.tmp']);
});

test('a dead letter that was written by half stays apart from the next', async () => {
  const { sandbox } = await setUpGit();
  const path = join(sandbox.root, 'dead-letter.ndjson');
  writeFileSync(path, '{"time":"2026-11-21T09:3');
  const batch = makeBatch({ target: '/x' }, ['{"commit":{}}']);
  for (const reason of ['one', 'two']) await addDeadLetters(path, batch, { status: 400, reason });
  const [, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { reason: 'one' },
    { reason: 'two' },
  ]);
  expect(await countDeadLetters(path)).toBe(2);
});

test.each(['announced.json.tmp', 'status.json.tmp', 'log', 'lock', 'dead-letter.ndjson'])(
  'a link in the place of %s is not followed',
  async (name) => {
    const fixture = await setUpWaiting();
    const { sandbox, recorder } = fixture;
    const victim = join(sandbox.root, 'victim');
    writeFileSync(victim, 'precious');
    recorder.answer = () => ({ status: 400 });
    symlinkSync(victim, join(directoryOf(fixture), name));
    await fixture.deliver().catch(() => undefined);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
  },
);

test.skipIf(!IS_ROOT).each(['.', 'outbox'])(
  'root follows no link in the place of a directory: %s',
  async (name) => {
    const fixture = await setUpWaiting();
    const { sandbox } = fixture;
    const elsewhere = join(sandbox.root, 'elsewhere');
    mkdirSync(elsewhere);
    if (name === '.') renameSync(join(directoryOf(fixture), 'spool'), join(elsewhere, 'spool'));
    rmSync(join(directoryOf(fixture), name), { recursive: true, force: true });
    symlinkSync(elsewhere, join(directoryOf(fixture), name));
    const trouble = await fixture.deliver().then(({ failure }) => failure, String);
    expect(trouble).toContain('is a link, which root does not follow.');
    expect(readdirSync(elsewhere)).toEqual(name === '.' ? ['spool'] : []);
  },
);

test.skipIf(!IS_ROOT)('what root makes in the repository of another account belongs to that', async () => {
  const fixture = await setUpWaiting();
  const { sandbox, recorder } = fixture;
  await runProgram(['chown', '-R', `${OTHER_ACCOUNT}:${OTHER_ACCOUNT}`, sandbox.bare], '/', process.env, '');
  recorder.answer = (_, index) => (index < 2 ? { status: 400 } : { status: 503 });
  await fixture.deliver();
  const names = ['announced.json', 'dead-letter.ndjson', 'lock', 'log', 'outbox', 'status.json'];
  expect(names.filter((name) => !existsSync(join(directoryOf(fixture), name)))).toEqual([]);
  for (const name of readdirSync(directoryOf(fixture), { recursive: true }) as string[]) {
    const { uid, gid } = statSync(join(directoryOf(fixture), name));
    expect([name, uid, gid]).toEqual([name, OTHER_ACCOUNT, OTHER_ACCOUNT]);
  }
});

test('of a directory that is made, the new ones above it are known, so that all can be synced', async () => {
  const { sandbox } = await setUpGit();
  const above = join(sandbox.root, 'a');
  mkdirSync(above);
  if (IS_ROOT) chownSync(above, OTHER_ACCOUNT, OTHER_ACCOUNT);
  expect(await makeOwnedDirectory(join(above, 'b', 'c'))).toEqual([join(above, 'b', 'c'), join(above, 'b')]);
  expect(await makeOwnedDirectory(join(above, 'b'))).toEqual([]);
  expect(statSync(join(above, 'b', 'c')).uid).toBe(statSync(above).uid);
});

test.each([
  ['http://ada:secret@', { status: 400 }],
  ['http://ada:secret@', { status: 503 }],
  ['htp://ada:secret@', { status: 200 }],
  ['http://ada:se/secret@', { status: 200 }],
  ['ada:secret@', { status: 200 }],
])('a password in GITPUBSUB_URL is told to nobody: %s, answered %j', async (start, answer) => {
  const fixture = await setUpGit();
  const { sandbox, recorder } = fixture;
  recorder.answer = () => answer;
  sandbox.commit('one');
  await sandbox.push({ GITPUBSUB_URL: `${start}${new URL(recorder.url).host}/x` }, 'origin', 'main');
  await fixture.deliver();
  const told = ['log', 'status.json', 'dead-letter.ndjson'].map((name) => join(directoryOf(fixture), name));
  const texts = told.filter((path) => existsSync(path)).map((path) => readFileSync(path, 'utf8'));
  expect(texts.join('')).toContain('127.0.0.1');
  expect(texts.join('')).not.toContain('secret');
});

// The token that a repository's events are published with: where it is found, who may see it, and where it never is.
import { execFileSync } from 'node:child_process';
import { chownSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { setUpGit, type GitFixture } from '../support/git-fixture.ts';
import { GitRecorder } from '../support/git-recorder.ts';
import { GIT_ENVIRONMENT, runProgram, type GitSandbox, type ProgramResult } from '../support/git-sandbox.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const SECRET = 'gitpubsub_s3cret';
const IS_ROOT = process.geteuid?.() === 0;

// Some account that is not root: nobody's, on most machines.
const OTHER_ACCOUNT = 65_534;

/** A push to `main` that waits. */
async function setUpPush(environment: Readonly<Record<string, string>> = {}): Promise<GitFixture> {
  const fixture = await setUpGit();
  fixture.sandbox.commit('one');
  await fixture.sandbox.push(environment, 'origin', 'main');
  return fixture;
}

function shown({ recorder }: GitFixture): unknown[] {
  return recorder.requests.map(({ authorization }) => authorization);
}

function writeToken(text: string, mode = 0o600): string {
  const path = join(createTemporaryDirectory(), 'token');
  writeFileSync(path, text, { mode });
  return path;
}

/** The variables for a git that has this in the settings of its account. */
function accountWith(...settings: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  const path = join(createTemporaryDirectory(), 'gitconfig');
  for (const setting of settings) execFileSync('git', ['config', '--file', path, ...setting]);
  return { GIT_CONFIG_GLOBAL: path };
}

function hookStatus(
  { bare }: GitSandbox,
  environment: Readonly<Record<string, string>> = {},
): Promise<ProgramResult> {
  const command = [process.execPath, CLI, 'hook', 'status', bare] as const;
  return runProgram([...command], bare, { ...GIT_ENVIRONMENT, ...environment }, '');
}

test.each([
  ['gitpubsub.token', () => ['gitpubsub.token', SECRET] as const, {}],
  ['gitpubsub.tokenFile', () => ['gitpubsub.tokenFile', writeToken(`${SECRET}\n`)] as const, {}],
  ['GITPUBSUB_TOKEN', undefined, { GITPUBSUB_TOKEN: SECRET }],
  ['GITPUBSUB_TOKEN before git config', () => ['gitpubsub.token', 'x'] as const, { GITPUBSUB_TOKEN: SECRET }],
])('events are published with the token of %s', async (_where, makeSetting, environment) => {
  const fixture = await setUpPush();
  if (makeSetting) fixture.sandbox.bareGit('config', ...makeSetting());
  expect((await fixture.deliver(environment)).failure).toBeUndefined();
  expect(shown(fixture)).toEqual([`Bearer ${SECRET}`]);
});

test('events are published with the token in the file of GITPUBSUB_TOKEN_FILE', async () => {
  const fixture = await setUpPush();
  await fixture.deliver({ GITPUBSUB_TOKEN_FILE: writeToken(SECRET) });
  expect(shown(fixture)).toEqual([`Bearer ${SECRET}`]);
});

test('without a token nothing is shown', async () => {
  const fixture = await setUpPush();
  await fixture.deliver({ GITPUBSUB_TOKEN: '' });
  expect(shown(fixture)).toEqual([undefined]);
});

test('of token and tokenFile the nearer one counts, and of two equally near the last', async () => {
  const fixture = await setUpPush();
  const account = accountWith(['gitpubsub.token', 'far']);
  fixture.sandbox.bareGit('config', 'gitpubsub.tokenFile', writeToken('near'));
  await fixture.deliver(account);
  fixture.sandbox.bareGit('config', 'gitpubsub.token', 'last');
  fixture.sandbox.commit('two');
  await fixture.push('main');
  await fixture.deliver(account);
  expect(shown(fixture)).toEqual(['Bearer near', 'Bearer last']);
});

test('user and password of gitpubsub.url go before it', async () => {
  const fixture = await setUpPush();
  const { sandbox, recorder } = fixture;
  sandbox.bareGit('config', 'gitpubsub.url', recorder.url.replace('//', '//ada:pass@'));
  sandbox.bareGit('config', 'gitpubsub.token', SECRET);
  await fixture.deliver();
  expect(shown(fixture)).toEqual([`Basic ${Buffer.from('ada:pass').toString('base64')}`]);
  expect((await hookStatus(sandbox)).stdout).toContain(
    '  token      none: gitpubsub.url has a user and password of its own\n',
  );
});

test('a file that was given another token counts with the next delivery', async () => {
  const fixture = await setUpPush();
  const path = writeToken('old');
  fixture.sandbox.bareGit('config', 'gitpubsub.tokenFile', path);
  fixture.recorder.answer = ({ authorization }) => ({ status: authorization === 'Bearer new' ? 200 : 401 });
  expect((await fixture.deliver()).failure).toMatch(
    /401 .*The token came from gitpubsub\.tokenFile, \/.*\/token\.$/,
  );
  writeFileSync(path, 'new');
  expect(await fixture.deliver()).toMatchObject({ failure: undefined, storedCount: 2 });
});

test('the token of a push is not noted: what waits gets the one of the repository', async () => {
  const environment = { GITPUBSUB_TOKEN: SECRET };
  const fixture = await setUpPush(environment);
  const { sandbox, recorder } = fixture;
  recorder.answer = () => ({ status: 401, body: '{"detail":"The token is wrong or has expired."}' });
  expect((await fixture.deliver(environment)).failure).toMatch(/The token came from GITPUBSUB_TOKEN\.$/);
  expect(sandbox.list('outbox')).toHaveLength(1);
  const directory = join(sandbox.bare, 'gitpubsub');
  const names = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const texts = names.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'));
  expect(texts.some((text) => text.includes('one'))).toBe(true);
  expect(texts.join('\n')).not.toContain('s3cret');
  recorder.answer = () => ({ status: 200 });
  sandbox.bareGit('config', 'gitpubsub.token', 'of-the-repository');
  expect((await fixture.deliver()).failure).toBeUndefined();
  expect(shown(fixture)).toEqual([`Bearer ${SECRET}`, 'Bearer of-the-repository']);
});

test('a token of the account is not shown to a URL that the repository sets, and hook status says so', async () => {
  const fixture = await setUpPush();
  const account = accountWith(['gitpubsub.token', SECRET]);
  await fixture.deliver(account);
  expect(shown(fixture)).toEqual([undefined]);
  expect((await hookStatus(fixture.sandbox, account)).stdout).toContain(
    '  token      none: gitpubsub.token of the account is not sent to gitpubsub.url of the repository; set both in one place.\n',
  );
});

test.each<[string, boolean]>([
  ['of the account', true],
  ['of the repository', false],
])('a token %s is shown to a URL of the account', async (_whose, isOfAccount) => {
  const fixture = await setUpPush();
  const { sandbox, recorder } = fixture;
  sandbox.bareGit('config', '--unset', 'gitpubsub.url');
  const url = ['gitpubsub.url', recorder.url] as const;
  if (!isOfAccount) sandbox.bareGit('config', 'gitpubsub.token', SECRET);
  await fixture.deliver(isOfAccount ? accountWith(url, ['gitpubsub.token', SECRET]) : accountWith(url));
  expect(shown(fixture)).toEqual([`Bearer ${SECRET}`]);
});

test('the token of the repository is shown to no GITPUBSUB_URL that a push brought along, not even at the same broker', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder } = fixture;
  sandbox.bareGit('config', 'gitpubsub.token', SECRET);
  sandbox.commit('one');
  await sandbox.push({ GITPUBSUB_URL: `${recorder.url}/elsewhere` }, 'origin', 'main');
  await fixture.announce('main:other');
  await fixture.deliver({ GITPUBSUB_TOKEN: SECRET });
  expect(recorder.requests.map(({ path, authorization }) => [path, authorization])).toEqual([
    ['/elsewhere', undefined],
    ['/json/widget/other', `Bearer ${SECRET}`],
  ]);
});

test('a token beside a GITPUBSUB_URL in the environment is shown to that URL alone', async () => {
  const stranger = await GitRecorder.start();
  const fixture = await setUpGit();
  const { sandbox, recorder } = fixture;
  sandbox.bareGit('config', 'gitpubsub.token', 'of-the-repository');
  const own = { GITPUBSUB_URL: `${recorder.url}/own` };
  try {
    sandbox.commit('one');
    await sandbox.push(own, 'origin', 'main');
    await sandbox.push({ GITPUBSUB_URL: `${stranger.url}/own` }, 'origin', 'main:b');
    await fixture.push('main:c');
    await fixture.deliver({ ...own, GITPUBSUB_TOKEN: SECRET });
    expect(recorder.requests.map(({ path, authorization }) => [path, authorization])).toEqual([
      ['/own', `Bearer ${SECRET}`],
      ['/json/widget/c', 'Bearer of-the-repository'],
    ]);
    expect(stranger.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
  } finally {
    await stranger.stop();
  }
});

test('a redirect is not followed, so no other server sees it', async () => {
  const stranger = await GitRecorder.start();
  try {
    const fixture = await setUpPush();
    fixture.sandbox.bareGit('config', 'gitpubsub.token', SECRET);
    fixture.recorder.answer = () => ({ status: 307, headers: { Location: stranger.url } });
    expect((await fixture.deliver()).failure).toMatch(/307/);
    expect(shown(fixture)).toEqual([`Bearer ${SECRET}`]);
    expect(stranger.connectionCount).toBe(0);
  } finally {
    await stranger.stop();
  }
});

test.each([
  ['gitpubsub.token', `two ${SECRET}`, /^gitpubsub\.token is no token; allowed is one word/],
  [
    'gitpubsub.tokenFile',
    'token',
    /^gitpubsub\.tokenFile: "token" is not allowed; allowed is a path that begins/,
  ],
  ['gitpubsub.tokenFile', '/none', /^gitpubsub\.tokenFile: The token file \/none can't be read: ENOENT/],
  [
    'gitpubsub.tokenFile',
    '/dev/zero',
    /^gitpubsub\.tokenFile: The token file \/dev\/zero can't be read: it is no/,
  ],
])('with a wrong %s, %j, everything waits until it is right', async (key, value, problem) => {
  const fixture = await setUpPush();
  fixture.sandbox.bareGit('config', key, value);
  const { failure } = await fixture.deliver();
  expect(failure).toMatch(problem);
  expect(failure).not.toContain(SECRET);
  expect(fixture.recorder.requests).toEqual([]);
  const status = await hookStatus(fixture.sandbox);
  expect(status).toMatchObject({ status: 78 });
  expect(status.stdout).toContain(`  publishes  nothing: ${key}`);
  fixture.sandbox.bareGit('config', key, key === 'gitpubsub.token' ? SECRET : writeToken(SECRET));
  expect((await fixture.deliver()).failure).toBeUndefined();
  expect(shown(fixture)).toEqual([`Bearer ${SECRET}`]);
});

test('hook status says where the token is, and not what it is', async () => {
  const { sandbox } = await setUpGit();
  const [narrow, wide] = [writeToken(SECRET), writeToken(SECRET, 0o644)];
  sandbox.bareGit('config', 'gitpubsub.tokenFile', narrow);
  const first = await hookStatus(sandbox);
  expect(first.stdout).toContain(`  token      from gitpubsub.tokenFile, ${narrow}\n`);
  sandbox.bareGit('config', 'gitpubsub.tokenFile', wide);
  const second = await hookStatus(sandbox);
  expect(second.stdout).toContain(`, ${wide}, which every account of this machine can read\n`);
  const third = await hookStatus(sandbox, { GITPUBSUB_TOKEN: SECRET });
  expect(third.stdout).toContain('  token      from GITPUBSUB_TOKEN\n');
  expect(first.stdout + second.stdout + third.stdout).not.toContain(SECRET);
});

test.skipIf(!IS_ROOT)(
  'root reads no file for the settings of a repository that is not of its account',
  async () => {
    const fixture = await setUpPush();
    const path = writeToken(SECRET);
    fixture.sandbox.bareGit('config', 'gitpubsub.tokenFile', path);
    chownSync(fixture.sandbox.bare, OTHER_ACCOUNT, OTHER_ACCOUNT);
    expect((await fixture.deliver()).failure).toContain(
      `it belongs to account 0, not to ${OTHER_ACCOUNT} as the repository`,
    );
    expect(fixture.recorder.requests).toEqual([]);
    chownSync(path, OTHER_ACCOUNT, OTHER_ACCOUNT);
    expect((await fixture.deliver()).failure).toBeUndefined();
    expect(shown(fixture)).toEqual([`Bearer ${SECRET}`]);
  },
);

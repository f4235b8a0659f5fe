// What an event tells of a commit: real objects, however odd, compared with what git shows of them.
import { expect, test } from 'vitest';
import type { HookCommitDetails } from '../../src/hook/commit-details.ts';
import { setUpGit, type GitFixture } from '../support/git-fixture.ts';

// The broker's default `maxEventBytes`, and its limit for an event with everything but ASCII escaped.
const MAX_BODY_BYTES = 262_144;
const MAX_ESCAPED_BYTES = 600_000;

function show({ sandbox }: GitFixture, format: string, revision: string): string {
  return sandbox.bareGit('show', '-s', `--format=tformat:${format}`, revision).toString().slice(0, -1);
}

// Pushes commits of exactly these contents, each after its tree, and gives what was announced of them.
async function announceObjects(
  { sandbox, recorder, announce }: GitFixture,
  contents: readonly (string | Buffer)[],
): Promise<HookCommitDetails[]> {
  const tree = Buffer.from(`tree ${sandbox.git('mktree')}\n`);
  const hashes = contents.map((content) =>
    sandbox.writeObject('commit', Buffer.concat([tree, Buffer.from(content)])),
  );
  await announce(...hashes.map((hash) => `${hash}:refs/heads/${hash}`));
  return hashes.flatMap((hash) => recorder.commits.filter((commit) => commit.hash === hash));
}

async function announceObject(
  fixture: GitFixture,
  content: string | Buffer,
): Promise<HookCommitDetails | undefined> {
  return (await announceObjects(fixture, [content]))[0];
}

const IDENTITIES =
  'author A <a@example.org> 1700000000 +0000\ncommitter C <c@example.org> 1700000000 +0000\n';

function expectWithinLimits({ recorder }: GitFixture): void {
  for (const { bytes, event } of recorder.events) {
    expect(bytes).toBeLessThan(MAX_BODY_BYTES);
    const escaped = JSON.stringify(event).replaceAll(/[\u0080-\uffff]/g, '123456');
    expect(escaped.length).toBeLessThan(MAX_ESCAPED_BYTES);
  }
}

test('a commit event has exactly the members of the protocol', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  const hash = sandbox.commit('Subject\n\nBody\n', { file: '1' });
  await announce('main');
  expect(recorder.events[0]?.event).toEqual({
    commit: {
      repository: 'git',
      project: 'widget',
      ref: 'refs/heads/main',
      hash,
      shortHash: hash.slice(0, 7),
      parents: [],
      author: 'Ada Author',
      email: 'ada@example.org',
      date: '2023-11-15T03:43:20+05:30',
      committer: 'Carl Committer',
      committerEmail: 'carl@example.org',
      commitDate: '2023-11-14T19:43:20-03:30',
      subject: 'Subject',
      body: 'Body\n',
      log: 'Subject\n\nBody\n',
      files: ['file'],
      changes: 'file',
    },
  });
});

test('Unicode, quotes and backslashes arrive intact', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  const message = '\u202e"quoted" \\back\\slash\\ 日本語 🎉 e\u0301\u0001';
  const hash = sandbox.commit(message, { 'ünï "cödé" \\ 日本 🎉.txt': '1' });
  await announce('main');
  expect(recorder.commits[0]).toMatchObject({
    hash,
    subject: message,
    files: ['ünï "cödé" \\ 日本 🎉.txt'],
    log: `${message}\n`,
  });
});

test('subject and body are those of git log, and log is the message as it is stored', async () => {
  const fixture = await setUpGit();
  const messages = [
    'one line',
    'one line\n',
    '\n\n  \nafter blank lines\nsecond line  \n\n\nbody\n\nmore\n\n',
    'trailing spaces \t \n \t\nbody',
    'windows\r\nline ends\r\n\r\nbody\r\n',
    '',
    '\n \n',
  ];
  const commits = await announceObjects(
    fixture,
    messages.map((message) => `${IDENTITIES}\n${message}`),
  );
  expect(commits.map(({ subject, body, log }) => [subject, body, log])).toEqual(
    commits.map(({ hash }, i) => [show(fixture, '%s', hash), show(fixture, '%b', hash), messages[i]]),
  );
});

test('file names with line ends, tabs, spaces and leading dashes or colons arrive intact', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  const names = [
    'new\nline',
    'tab\there',
    ' spaces ',
    '-dash',
    ':colon',
    '"',
    "'",
    '$(id)',
    '*',
    'a'.repeat(40),
  ];
  sandbox.commit('odd', Object.fromEntries(names.map((name) => [name, '1'])));
  await announce('main');
  const printed = sandbox.bareGit('diff-tree', '-z', '-r', '--root', '--no-commit-id', '--name-only', 'main');
  expect(recorder.commits[0]?.files).toEqual(printed.toString().split('\0').slice(0, -1));
  expect(recorder.commits[0]?.files.toSorted()).toEqual(names.toSorted());
  expect(recorder.commits[0]?.changes).toBe('10 files');
});

test('renames and deletions are told by their paths', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.commit('one', { from: 'content', gone: 'x' });
  sandbox.git('mv', 'from', 'to');
  sandbox.git('rm', '-q', 'gone');
  sandbox.commit('two');
  await announce('main');
  expect(recorder.commits[1]?.files).toEqual(['from', 'gone', 'to']);
});

test('a path that is not UTF-8 has its exact bytes beside it', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  const stream = 'commit refs/heads/main\ncommitter C <c@example.org> 1700000000 +0000\ndata 1\nx\n';
  const files = 'M 100644 inline b\\303(.txt\ndata 0\nM 100644 inline plain\ndata 0\n';
  sandbox.fastImport(stream + files.replace('b\\303(.txt', '"b\\303(.txt"'));
  await announce('main');
  expect(recorder.commits[0]).toMatchObject({
    files: ['b\ufffd(.txt', 'plain'],
    filesRaw: [Buffer.from('b\xc3(.txt', 'latin1').toString('base64'), null],
  });
});

test('a message in a named encoding is decoded by it', async () => {
  const fixture = await setUpGit();
  const content = `${IDENTITIES.replace('A <', 'J\xfcrgen <')}encoding ISO-8859-1\n\nGr\xfc\xdfe\n`;
  const commit = await announceObject(fixture, Buffer.from(content, 'latin1'));
  expect(commit).toMatchObject({ author: 'Jürgen', subject: 'Grüße', log: 'Grüße\n' });
  expect(commit).toMatchObject({
    author: show(fixture, '%an', commit?.hash ?? ''),
    subject: show(fixture, '%s', commit?.hash ?? ''),
  });
  expect(Object.keys(commit ?? {}).filter((name) => name.endsWith('Raw'))).toEqual([]);
});

test.each(['', 'encoding no-such-encoding\n'])(
  'bytes that are not UTF-8 become U+FFFD, the exact ones beside: header %j',
  async (header) => {
    const fixture = await setUpGit();
    const content = `${IDENTITIES.replace('A <', 'J\xfcrgen <')}${header}\nGr\xfc\xdfe\n\nb\xf6dy\n`;
    expect(await announceObject(fixture, Buffer.from(content, 'latin1'))).toMatchObject({
      author: 'J\ufffdrgen',
      authorRaw: Buffer.from('J\xfcrgen', 'latin1').toString('base64'),
      subject: 'Gr\ufffd\ufffde',
      subjectRaw: Buffer.from('Gr\xfc\xdfe', 'latin1').toString('base64'),
      body: 'b\ufffddy\n',
      bodyRaw: Buffer.from('b\xf6dy\n', 'latin1').toString('base64'),
      log: 'Gr\ufffd\ufffde\n\nb\ufffddy\n',
      logRaw: Buffer.from('Gr\xfc\xdfe\n\nb\xf6dy\n', 'latin1').toString('base64'),
    });
  },
);

test('signatures and merged tags in the headers are not taken for a message', async () => {
  const fixture = await setUpGit();
  const signature =
    'gpgsig -----BEGIN PGP SIGNATURE-----\n \n author Fake <fake@example.org> 1 +0000\n -----END\n';
  expect(await announceObject(fixture, `${IDENTITIES}${signature}\nreal\n`)).toMatchObject({
    author: 'A',
    log: 'real\n',
  });
});

test('odd authors are told as git tells them', async () => {
  const fixture = await setUpGit();
  const authors = [
    'author  <> 0 +0000',
    'author No Mail <> 1 -1130',
    'author A <a@b> 99999999999999999999 +0000',
    'author A <a@b> 1700000000 +1445',
    'author à <a@b> 253402300800 +0000',
  ];
  const commits = await announceObjects(
    fixture,
    authors.map((author) => `${author}\ncommitter C <c@example.org> 1700000000 +0000\n\nx\n`),
  );
  expect(commits).toHaveLength(authors.length);
  expect(commits.map(({ author, email }) => [author, email])).toEqual(
    commits.map(({ hash }) => [show(fixture, '%an', hash), show(fixture, '%ae', hash)]),
  );
  expect(commits.filter(({ date }) => Number.isNaN(Date.parse(date)))).toEqual([]);
});

test('a message of 100 kB arrives whole', async () => {
  const fixture = await setUpGit();
  const message = 'A line of some length, as people write them in long messages.\n'.repeat(1_600);
  const commit = await announceObject(fixture, `${IDENTITIES}\nsubject\n\n${message}`);
  expect(commit?.body).toBe(message);
  expect(commit).not.toHaveProperty('logTruncated');
  expectWithinLimits(fixture);
});

test.each([
  ['ASCII', 'x'.repeat(99) + '\n'],
  ['Cyrillic', 'ж'.repeat(99) + '\n'],
  ['four-byte characters', '🎉'.repeat(99) + '\n'],
  ['control characters', '\u0001'.repeat(99) + '\n'],
])('a message that is too long is cut and says so: %s', async (_, line) => {
  const fixture = await setUpGit();
  const message = line.repeat(4_000);
  const commit = await announceObject(fixture, `${IDENTITIES}\nsubject\n\n${message}`);
  expect(commit?.logTruncated).toBe(true);
  expect(`subject\n\n${message}`.startsWith(commit?.log ?? '-')).toBe(true);
  expect(commit?.log.length).toBeGreaterThan(5_000);
  expectWithinLimits(fixture);
});

test('a message of broken bytes, larger than what is read of it, is cut and says so', async () => {
  const fixture = await setUpGit();
  const commit = await announceObject(
    fixture,
    Buffer.concat([Buffer.from(`${IDENTITIES}\n`), Buffer.alloc(3_000_000, 0xff)]),
  );
  expect(commit?.logTruncated).toBe(true);
  expect(Buffer.from(commit?.logRaw ?? '', 'base64').length).toBe(commit?.log.length);
  expectWithinLimits(fixture);
});

test('of 10,000 files the first 1,000 are listed, and the count is told', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  let stream = 'commit refs/heads/main\ncommitter C <c@example.org> 1700000000 +0000\ndata 1\nx\n';
  for (let i = 0; i < 10_000; i++) stream += `M 100644 inline dir/file-${i}\ndata 0\n`;
  sandbox.fastImport(stream);
  await announce('main');
  const printed = sandbox.bareGit('diff-tree', '-r', '--root', '--no-commit-id', '--name-only', 'main');
  expect(recorder.commits[0]?.files).toEqual(printed.toString().split('\n').slice(0, 1_000));
  expect(recorder.commits[0]).toMatchObject({ filesTruncated: true, changes: '10000 files' });
});

test('long paths beside a long message are cut to what fits', async () => {
  const fixture = await setUpGit();
  const { sandbox, recorder, announce } = fixture;
  const message = 'm'.repeat(102_000);
  let stream = `commit refs/heads/main\ncommitter C <c@example.org> 1700000000 +0000\ndata ${message.length}\n${message}\n`;
  for (let i = 0; i < 500; i++) stream += `M 100644 inline ${`${'ж'.repeat(120)}/`.repeat(8)}${i}\ndata 0\n`;
  sandbox.fastImport(stream);
  await announce('main');
  expect(recorder.commits[0]).toMatchObject({ filesTruncated: true, changes: '500 files', log: message });
  expect(recorder.commits[0]?.files.length).toBeGreaterThan(1);
  expectWithinLimits(fixture);
});

test('a ref with Unicode, percent signs and quotes goes to the topic of its name', async () => {
  const { sandbox, recorder, announce } = await setUpGit();
  sandbox.commit('one');
  await announce('main:refs/heads/100%/größe"#1');
  expect(recorder.events[0]?.path).toBe('/json/widget/100%25/gr%C3%B6%C3%9Fe%22%231');
  expect(recorder.commits[0]?.ref).toBe('refs/heads/100%/größe"#1');
});

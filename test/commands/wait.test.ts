// `gitpubsub wait`, for scripts: what counts, what does not, and how it ends.
import { expect, test } from 'vitest';
import { publish } from '../../src/client/publish.ts';
import { readStatistics } from '../../src/client/statistics.ts';
import { startBrokerOfFile } from '../support/broker-of-file.ts';
import { runCommandLine } from '../support/broker-process.ts';
import { CommandProcess } from '../support/command-process.ts';
import { pollUntil } from '../support/deadline.ts';

const nextUrl = startBrokerOfFile();

const HASH = 'ab'.repeat(20);
const OTHER_HASH = 'cd'.repeat(20);

function commit(hash: string, project = 'widget'): unknown {
  const names = { project, ref: 'refs/heads/main', author: 'Ada', subject: 's' };
  return { commit: { ...names, hash, shortHash: hash.slice(0, 7) } };
}

function push(ref: string, more: object = {}): unknown {
  const details = { type: 'branch', action: 'updated', before: OTHER_HASH, after: HASH, commits: 1 };
  return { push: { project: 'widget', ref, ...details, pusher: null, ...more } };
}

const SOON = ['--timeout', '1s'];

test.each([
  ['a commit', commit(HASH), ['--commit', HASH]],
  ['a commit by its first digits, in capitals', commit(HASH), ['--commit', HASH.slice(0, 7).toUpperCase()]],
  ['a push of a known commit', push('refs/heads/main'), ['--commit', HASH]],
  ['a push by the full ref', push('refs/heads/a/b'), ['--project', 'widget', '--ref', 'refs/heads/a/b']],
  ['a push by the short ref', push('refs/heads/a/b'), ['--project', 'widget', '--ref', 'a/b']],
  ['a push by the ref alone', push('refs/heads/a/b'), ['--ref', 'a/b']],
  ['a push by the project alone', push('refs/heads/a/b'), ['--project', 'widget']],
  ['a push, without any time to wait', push('refs/heads/a/b'), ['--ref', 'a/b', '--timeout', '0s']],
  ['a commit of that project', commit(HASH), ['--commit', HASH, '--project', 'widget']],
])('%s that was there before is seen', async (_what, event, args) => {
  const url = nextUrl();
  await publish(url, { other: 1 });
  const { cursor } = await publish(url, event);
  const { code, stdout, stderr } = await runCommandLine(['wait', url, ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ ...(event as object), pubsub_cursor: cursor });
});

test.each([
  ['another commit', commit(OTHER_HASH), ['--commit', HASH]],
  ['a commit of another project', commit(HASH, 'gadget'), ['--commit', HASH, '--project', 'widget']],
  ['a push of another ref', push('refs/heads/main2'), ['--project', 'widget', '--ref', 'main']],
  ['a push of another project', push('refs/heads/main'), ['--project', 'widge', '--ref', 'main']],
  ['a commit on the ref', commit(HASH), ['--project', 'widget', '--ref', 'main']],
  ['a deletion', push('refs/heads/main', { action: 'deleted' }), ['--project', 'widget', '--ref', 'main']],
  [
    'a push before --since',
    push('refs/heads/main'),
    ['--project', 'widget', '--ref', 'main', '--since', '2100-01-01'],
  ],
])('%s does not count', async (_what, event, args) => {
  const url = nextUrl();
  await publish(url, event);
  const { code, stdout, stderr } = await runCommandLine(['wait', url, ...args, ...SOON]);
  expect({ code, stdout, stderr }).toEqual({
    code: 124,
    stdout: '',
    stderr: 'gitpubsub: not seen within 1s\n',
  });
});

test('without any time to wait it ends when it has looked back', async () => {
  const { code, stderr } = await runCommandLine(['wait', nextUrl(), '--ref', 'main', '--timeout', '0s']);
  expect({ code, stderr }).toEqual({ code: 124, stderr: 'gitpubsub: not seen within 0s\n' });
});

test('what comes while it waits is seen', async () => {
  const url = nextUrl();
  const command = new CommandProcess(['wait', url, '--commit', HASH, '--output', 'text']);
  await pollUntil(async () => ((await readStatistics(url)).subscribers === 1 ? true : undefined), 'it waits');
  await publish(url, commit(HASH));
  expect(await command.waitForExit()).toEqual({ code: 0, signal: null });
  expect(command.stdout).toMatch(/^\d\d:\d\d:\d\d {2}widget {2}main {2}abababa {2}Ada {2}s\n$/);
});

test('a broker that is away is waited for', async () => {
  const command = new CommandProcess(['wait', 'localhost:1', '--commit', HASH, ...SOON]);
  expect(await command.waitForExit()).toEqual({ code: 124, signal: null });
  expect(command.stderr).toContain('no connection');
});

test.each([
  [[], 'Say what to wait for: --commit, --project, --ref.'],
  [['--commit', 'abc'], '--commit: "abc" is not allowed; allowed is a hash, 7 to 64 hexadecimal digits.'],
  [
    ['--commit', HASH, '--timeout', 'soon'],
    '--timeout: "soon" is not allowed; allowed is a time from 0s to 24d',
  ],
  [['--commit', HASH, '--since', 'then'], '--since: "then" is not allowed'],
])('%j is a wrong call', async (args, message) => {
  const { code, stderr } = await runCommandLine(['wait', 'localhost:1', ...args]);
  expect(stderr).toContain(message);
  expect(code).toBe(64);
});

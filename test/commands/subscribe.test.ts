// `gitpubsub subscribe` as people and services run it, against the broker itself.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { publish, publishBatch } from '../../src/client/publish.ts';
import { startBrokerOfFile } from '../support/broker-of-file.ts';
import { runCommandLine } from '../support/broker-process.ts';
import { CommandProcess } from '../support/command-process.ts';
import { pollUntil } from '../support/deadline.ts';
import { answer, eventLine, startFakeServer, stream } from '../support/fake-server.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';

const nextUrl = startBrokerOfFile(['--keep-alive-seconds', '0.3']);

function values(lines: readonly string[]): unknown[] {
  return lines.map((line) => (JSON.parse(line) as { n: unknown }).n);
}

test('in a pipe events are lines of JSON, with their numbers as they were published', async () => {
  const url = nextUrl();
  const receipt = await publish(`${url}/x`, { n: 1 });
  const { code, stdout, stderr } = await runCommandLine(['subscribe', url, '--once']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({
    n: 1,
    pubsub_path: `${new URL(url).pathname}/x`,
    pubsub_cursor: receipt.cursor,
  });
});

test('with --output text they are lines for people', async () => {
  const url = nextUrl();
  await publish(url, { n: 1, red: '\u001b[31m' });
  const { stdout } = await runCommandLine(['subscribe', url, '--once', '--output', 'text']);
  expect(stdout).toMatch(/^\d\d:\d\d:\d\d {2}\/t\d+ {2}\{"n":1,"red":"\\u001b\[31m"\}\n$/);
});

test('live events come as they are published, until Ctrl-C, which is a clean end', async () => {
  const url = nextUrl();
  const command = new CommandProcess(['subscribe', url, '--since', '0']);
  await publish(url, { n: 1 });
  await command.waitForLines(1);
  await publish(url, { n: 2 });
  await command.waitForLines(2);
  command.sendSignal('SIGINT');
  expect(await command.waitForExit()).toEqual({ code: 0, signal: null });
  expect(values(command.lines)).toEqual([1, 2]);
});

test('a reader that leaves is a clean end', async () => {
  const url = nextUrl();
  const command = new CommandProcess(['subscribe', url, '--since', '0']);
  await publish(url, { n: 1 });
  await command.waitForLines(1);
  command.stopReading();
  await publish(url, { n: 2 });
  expect(await command.waitForExit()).toEqual({ code: 0, signal: null });
  expect(command.stderr).toBe('');
});

test('filters and topics are those of the broker', async () => {
  const url = nextUrl();
  for (const project of ['a', 'b', 'c']) await publish(url, { n: project, push: { project } });
  await publish(`${url}x`, { n: 'other topic', push: { project: 'a' } });
  const topic = new URL(`${url}x`).pathname;
  const args = ['--once', '--project', 'a', '--project', 'b', '--topic', topic];
  const { stdout } = await runCommandLine(['subscribe', url, ...args]);
  expect(values(stdout.split('\n').slice(0, -1))).toEqual(['a', 'b', 'other topic']);
});

test('--cursor-file goes on where the last run ended, and beats --since', async () => {
  const url = nextUrl();
  const file = join(createTemporaryDirectory(), 'cursor');
  await publish(url, { n: 1 });
  const args = ['subscribe', url, '--once', '--since', '0', '--cursor-file', file];
  expect(values((await runCommandLine(args)).stdout.split('\n').slice(0, -1))).toEqual([1]);
  const { cursor } = await publish(url, { n: 2 });
  expect(values((await runCommandLine(args)).stdout.split('\n').slice(0, -1))).toEqual([2]);
  expect(readFileSync(file, 'utf8')).toBe(`${cursor}\n`);
});

test('--cursor-file moves with what others publish while nothing comes', async () => {
  const url = nextUrl();
  const file = join(createTemporaryDirectory(), 'cursor');
  const command = new CommandProcess(['subscribe', url, '--cursor-file', file]);
  await pollUntil(() => (existsSync(file) ? true : undefined), 'the file');
  const { cursor } = await publish(nextUrl(), 1);
  const expected = `${cursor}\n`;
  await pollUntil(() => (readFileSync(file, 'utf8') === expected ? true : undefined), 'the cursor');
  expect(command.stdout).toBe('');
});

test.each([
  [['--since', 'yesterday'], '--since: "yesterday" is not allowed; allowed is an age'],
  [['--output', 'xml'], '--output: "xml" is not allowed; allowed is json or text.'],
  [['--exec', 'true', '--exec-limit', '0'], '--exec-limit: "0" is not allowed; allowed is a whole number'],
  [['--exec', 'true', '--exec-timeout', 'soon'], '--exec-timeout: "soon" is not allowed; allowed is a time'],
  [['--exec-timeout', '1m'], '--exec-timeout is about --exec, and there is none.'],
  [['--exec', ''], '--exec: "" is not allowed; allowed is a shell command.'],
  [['--exec', '  '], '--exec: "  " is not allowed; allowed is a shell command.'],
  [['--exec', 'true', '--output', 'text'], '--output is about what is printed, and with --exec nothing is.'],
  [['--type', 'comit'], 'There is no type "comit". Did you mean "commit"? Known: commit, push, other.'],
  [['--hash', 'abc'], '"abc"'],
  [['--exec-retries', '1'], '--exec-retries is about --exec, and there is none.'],
  [['--dead-letter-file', 'x'], '--dead-letter-file is about --exec, and there is none.'],
  [['--projekt', 'x'], "unknown option '--projekt'\n(Did you mean --project?)"],
])('%j is a wrong call', async (args, message) => {
  const { code, stderr } = await runCommandLine(['subscribe', 'localhost:1', ...args]);
  expect(code).toBe(64);
  expect(stderr).toContain(message);
});

test('a cursor file that holds something else is a wrong call, and stays as it is', async () => {
  const file = join(createTemporaryDirectory(), 'notes');
  writeFileSync(file, 'milk, bread');
  const { code, stderr } = await runCommandLine(['subscribe', 'localhost:1', '--cursor-file', file]);
  expect(code).toBe(64);
  expect(stderr).toContain('holds no cursor, but "milk, bread"; remove it to begin anew.');
  expect(readFileSync(file, 'utf8')).toBe('milk, bread');
});

test('a cursor file that cannot be written ends it', async () => {
  const file = join(createTemporaryDirectory(), 'missing', 'cursor');
  const command = new CommandProcess(['subscribe', nextUrl(), '--cursor-file', file]);
  expect(await command.waitForExit()).toEqual({ code: 1, signal: null });
  expect(command.stderr).toContain(`The cursor file ${file} can't be used: ENOENT`);
});

test('a cursor file that cannot be read has the status of its own', async () => {
  const directory = createTemporaryDirectory();
  const { code, stderr } = await runCommandLine(['subscribe', 'localhost:1', '--cursor-file', directory]);
  expect(stderr).toContain(`The cursor file ${directory} can't be used: EISDIR`);
  expect(code).toBe(66);
});

test.each(['--cursor-file', '--dead-letter-file'])(
  'no command runs where the file of %s cannot be written',
  async (flag) => {
    const url = nextUrl();
    await publish(url, { n: 1 });
    const file = join(createTemporaryDirectory(), 'missing', 'file');
    const args = ['subscribe', url, '--once', '--exec', 'echo ran', flag, file];
    const { code, stdout, stderr } = await runCommandLine(args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`${file} can't be used: ENOENT`);
  },
);

test('a dead-letter file that is not needed is not made', async () => {
  const url = nextUrl();
  await publish(url, { n: 1 });
  const file = join(createTemporaryDirectory(), 'dead');
  const args = ['subscribe', url, '--once', '--exec', 'echo ran', '--dead-letter-file', file];
  expect((await runCommandLine(args)).stdout).toBe('ran\n');
  expect(existsSync(file)).toBe(false);
});

test('what the broker refuses for good ends it with the reason', async () => {
  const { code, stderr } = await runCommandLine(['subscribe', nextUrl(), '--topic', 'b']);
  expect(code).toBe(1);
  expect(stderr).toBe('gitpubsub: 400 The topic "b" must begin with "/".\n');
});

test('a lost connection is said once, and that it is there again', async () => {
  const server = await startFakeServer(
    answer(503, {}, 'busy'),
    answer(503, {}, 'busy'),
    stream([eventLine(1)]),
  );
  const command = new CommandProcess(['subscribe', server.url]);
  await command.waitForLines(1);
  expect(command.stderr).toBe(
    'gitpubsub: no connection: 503 busy; trying again\ngitpubsub: connected again\n',
  );
});

test('missing events are said, and stand in the pipe as well', async () => {
  const gap = '{"pubsub_gap":{"requested":"c3","oldest":17.5,"reason":"expired"},"pubsub_cursor":"c7"}';
  const server = await startFakeServer(stream([gap, eventLine(8)], { 'X-Fetch-Gap': 'expired' }));
  const command = new CommandProcess(['subscribe', server.url]);
  await command.waitForLines(2);
  expect(command.lines[0]).toBe(gap);
  expect(command.stderr).toBe(
    'gitpubsub: events after c3 are missing: the broker does not hold all of them any more; going on with what it holds since 1970-01-01T00:00:17.500Z\n',
  );
});

test('a terminal is not steered by what a server says', async () => {
  const server = await startFakeServer(answer(403, {}, '\u009b31m\u202ered'));
  const { stderr } = await runCommandLine(['subscribe', server.url]);
  expect(stderr).not.toMatch(/[\u0080-\u009f\u202e]/);
});

test('many events arrive, in order', async () => {
  const url = nextUrl();
  const count = 20_000;
  const numbers = Array.from({ length: count }, (_, index) => index);
  for (let start = 0; start < count; start += 5_000)
    await publishBatch(
      url,
      numbers.slice(start, start + 5_000).map((n) => ({ n })),
    );
  const { stdout } = await runCommandLine(['subscribe', url, '--once']);
  expect(values(stdout.split('\n').slice(0, -1))).toEqual(numbers);
});

// `gitpubsub publish` as people and scripts run it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { subscribe, type StreamItem } from '../../src/client/client.ts';
import { startBrokerOfFile } from '../support/broker-of-file.ts';
import { runCommandLine } from '../support/broker-process.ts';
import { CommandProcess } from '../support/command-process.ts';
import { pollUntil } from '../support/deadline.ts';
import { answer, startFakeServer } from '../support/fake-server.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';

const nextUrl = startBrokerOfFile();

function writeInput(name: string, text: string | Buffer): string {
  const path = join(createTemporaryDirectory(), name);
  writeFileSync(path, text);
  return path;
}

async function read(url: string): Promise<StreamItem[]> {
  const items: StreamItem[] = [];
  for await (const item of subscribe(url, { since: 0, once: true })) items.push(item);
  return items;
}

function valuesOf(items: readonly StreamItem[]): unknown[] {
  return items.map((item) => (item.type === 'event' ? item.value : item.type));
}

test('a value from standard input is published as it was written, and its cursor printed', async () => {
  const url = nextUrl();
  const command = new CommandProcess(['publish', url], {
    input: '{\n  "big": 12345678901234567890,\n  "a": "b c"\n}\n',
  });
  expect(await command.waitForExit()).toEqual({ code: 0, signal: null });
  const [event] = await read(url);
  expect(event?.line).toContain('{"big":12345678901234567890,"a":"b c",');
  expect(command.stdout).toBe(`${event?.cursor}\n`);
});

test('a file is one value, and one that ends in .ndjson has many', async () => {
  const url = nextUrl();
  await runCommandLine(['publish', url, writeInput('a.json', '[1,\n2]')]);
  await runCommandLine(['publish', url, writeInput('a.ndjson', '1\n\n"\u2028"\n{"b":2}')]);
  const { stdout } = await runCommandLine(['publish', url, '--ndjson', writeInput('a.txt', '3\r\n4\r\n')]);
  const items = await read(url);
  expect(valuesOf(items)).toEqual([[1, 2], 1, '\u2028', { b: 2 }, 3, 4]);
  expect(stdout).toBe(`${items.at(-1)?.cursor}\n`);
});

test('a large file goes in batches, in order', async () => {
  const url = nextUrl();
  const count = 25_000;
  const lines = Array.from(
    { length: count },
    (_, index) => `{"n":${index},"x":"${'x'.repeat(index % 300)}"}\n`,
  );
  const { code } = await runCommandLine(['publish', url, writeInput('large.jsonl', lines.join(''))]);
  expect(code).toBe(0);
  const numbers = valuesOf(await read(url)).map((value) => (value as { n: number }).n);
  expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index));
});

test('the same under the same key is stored once, batch by batch', async () => {
  const url = nextUrl();
  const lines = Array.from({ length: 10_001 }, (_, index) => `${index}\n`).join('');
  const args = ['publish', url, '--idempotency-key', 'build-7', writeInput('a.ndjson', lines)];
  const first = await runCommandLine(args);
  expect(await runCommandLine(args)).toEqual(first);
  expect(await read(url)).toHaveLength(10_001);
});

test.each([
  ['a.json', '{bad', /^gitpubsub: \S+a\.json: This is not one valid JSON value/, 1],
  ['a.ndjson', '1\n{bad\n', /^gitpubsub: \S+a\.ndjson, line 2: This is not one valid JSON value/, 1],
  ['a.json', Buffer.from('"caf\xe9"', 'latin1'), /^gitpubsub: \S+a\.json: This is not valid UTF-8/, 1],
  ['a.ndjson', Buffer.from('1\n"caf\xe9"\n', 'latin1'), /ndjson, line 2: This is not valid UTF-8/, 1],
  ['a.json', '\ufeff{}', /It begins with a byte order mark \(BOM\); leave that out\.\n$/, 1],
  ['a.ndjson', '\n\n', /^gitpubsub: \S+a\.ndjson has no events\.\n$/, 64],
])('a bad file is refused with its place: %s (%#)', async (name, text, message, status) => {
  const url = nextUrl();
  const { code, stderr } = await runCommandLine(['publish', url, writeInput(name, text)]);
  expect(stderr).toMatch(message);
  expect(code).toBe(status);
  expect(await read(url)).toEqual([]);
});

test('a bad line behind a batch that is stored says how many are', async () => {
  const url = nextUrl();
  const lines = `${'1\n'.repeat(10_001)}{bad`;
  const { stderr } = await runCommandLine(['publish', url, writeInput('a.ndjson', lines)]);
  expect(stderr).toMatch(/line 10002: .*\(The first 10000 events are stored\.\)\n$/);
});

const TOO_LARGE = `"${'x'.repeat(300_000)}"`;

test('a line that the broker refuses is named as the input counts it', async () => {
  const lines = `${'1\n'.repeat(10_100)}\n\n2\n${TOO_LARGE}\n`;
  const { code, stderr } = await runCommandLine(['publish', nextUrl(), writeInput('a.ndjson', lines)]);
  expect(stderr).toMatch(
    /a\.ndjson, line 10104: 413 The event is over .*\(The first 10000 events are stored\.\)\n$/,
  );
  expect(code).toBe(1);
});

test('a refused line amid a batch is named as the input counts it', async () => {
  const problem =
    '{"type":"urn:gitpubsub:problem:payload-too-large","detail":"Line 2: The event is over 9 bytes."}';
  const refusal = answer(413, { 'Content-Type': 'application/problem+json' }, problem);
  const { url } = await startFakeServer(refusal);
  const { stderr } = await runCommandLine(['publish', url, writeInput('a.ndjson', '1\n\n\n2\n3\n')]);
  expect(stderr).toMatch(/a\.ndjson, line 4: 413 The event is over 9 bytes\.\n$/);
});

test('a single value that the broker refuses has no line', async () => {
  const { stderr } = await runCommandLine(['publish', nextUrl(), writeInput('a.json', TOO_LARGE)]);
  expect(stderr).toMatch(/a\.json: 413 The event is over \d+ bytes, the most this broker takes\.\n$/);
});

test.each([
  [['--retry-for', '5'], '--retry-for: "5" is not allowed; allowed is a time'],
  [
    ['--idempotency-key', 'a b'],
    '--idempotency-key: "a b" is not allowed; allowed are 1 to 240 visible ASCII',
  ],
])('%j is a wrong call', async (args, message) => {
  const { code, stderr } = await runCommandLine(['publish', 'localhost:1', ...args]);
  expect(stderr).toContain(message);
  expect(code).toBe(64);
});

test('a URL with a query is a wrong call', async () => {
  const { code, stderr } = await runCommandLine(['publish', 'localhost:1/t?x=1']);
  expect(stderr).toBe('gitpubsub: "?x=1": a query means nothing to a publish; leave it out.\n');
  expect(code).toBe(64);
});

test('a file that cannot be read has the status of its own', async () => {
  const { code, stderr } = await runCommandLine(['publish', 'localhost:1', 'nowhere.json']);
  expect(stderr).toContain("nowhere.json can't be read: ENOENT");
  expect(code).toBe(66);
});

test('an input that pauses is published as it comes; under a key of its own, in the same batches as ever', async () => {
  const url = nextUrl();
  const input = { input: '1\n2\n3', keepsInputOpen: true };
  const keyed = new CommandProcess(['publish', url, '--ndjson', '--idempotency-key', 'k'], input);
  const command = new CommandProcess(['publish', url, '--ndjson'], input);
  await pollUntil(async () => ((await read(url)).length > 0 ? true : undefined), 'the first events');
  expect(valuesOf(await read(url))).toEqual([1, 2]);
  for (const each of [command, keyed]) {
    each.endInput('3\n4\n');
    expect(await each.waitForExit()).toEqual({ code: 0, signal: null });
  }
  expect(valuesOf(await read(url))).toEqual([1, 2, 33, 4, 1, 2, 33, 4]);
});

test('a refusal ends it, though more of the input may come', async () => {
  const server = await startFakeServer(answer(403, {}, 'no'));
  const input = { input: '1\n', keepsInputOpen: true };
  const command = new CommandProcess(['publish', server.url, '--ndjson'], input);
  expect(await command.waitForExit()).toEqual({ code: 1, signal: null });
  expect(command.stderr).toBe('gitpubsub: 403 no\n');
});

const RECEIPT = '{"cursor":"c","timestamp":1.5}';

test('it tries again, and says so', async () => {
  const server = await startFakeServer(answer(503, {}, 'busy'), answer(200, {}, RECEIPT));
  const command = new CommandProcess(['publish', server.url], { input: '1' });
  expect(await command.waitForExit()).toEqual({ code: 0, signal: null });
  expect(command.stderr).toMatch(/^gitpubsub: not published: 503 busy; trying again in [\d.]+ s\n$/);
  const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
  expect(keys).toHaveLength(2);
  expect(keys[0]).toBe(keys[1]);
});

test.each([
  ['503', 'busy', 1],
  ['403', 'no', 1],
])('with --retry-for 0s it tries once: %s', async (status, text, code) => {
  const server = await startFakeServer(answer(Number(status), {}, text));
  const command = new CommandProcess(['publish', server.url, '--retry-for', '0s'], { input: '1' });
  expect(await command.waitForExit()).toEqual({ code, signal: null });
  expect(command.stderr).toBe(`gitpubsub: ${status} ${text}\n`);
  expect(server.requests).toHaveLength(1);
});

// `gitpubsub stats`: the numbers for people and programs, and plain words where there are none.
import { expect, test } from 'vitest';
import { runCommandLine } from '../support/broker-process.ts';
import { urlOf } from '../support/broker-url.ts';
import { CommandProcess } from '../support/command-process.ts';
import { answer, endedStream, startFakeServer } from '../support/fake-server.ts';
import { withBroker } from '../support/with-broker.ts';

const NUMBERS = {
  Server: 'GitPubSub/1',
  'X-Uptime': '93784',
  'X-Connections': '3',
  'X-Subscribers': '2',
  'X-Total-Connections': '9',
  'X-Received': '1234567',
  'X-Sent': '0',
};

test('the numbers are a table', async () => {
  const { url } = await startFakeServer(answer(200, NUMBERS));
  const { code, stdout } = await runCommandLine(['stats', url]);
  expect(code).toBe(0);
  expect(stdout).toBe(`server              GitPubSub/1
uptime              1 d 2 h
subscribers         2
open connections    3
connections so far  9
bytes received      1,234,567
bytes sent          0
`);
});

test.each([
  ['0', '0 s'],
  ['59', '59 s'],
  ['60', '1 min 0 s'],
  ['3661', '1 h 1 min'],
])('an uptime of %s seconds is %s', async (seconds, text) => {
  const { url } = await startFakeServer(answer(200, { ...NUMBERS, 'X-Uptime': seconds }));
  expect((await runCommandLine(['stats', url])).stdout).toContain(`uptime              ${text}\n`);
});

test('with --json they are JSON, from a real broker too', async () => {
  await withBroker([], async (broker) => {
    const { code, stdout } = await runCommandLine(['stats', urlOf(broker, '/'), '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ openConnections: 1, subscribers: 0, receivedBytes: 0 });
  });
});

test('where the numbers are missing it says why', async () => {
  await withBroker(['--trusted-peers', '192.0.2.1'], async (broker) => {
    const { code, stdout, stderr } = await runCommandLine(['stats', urlOf(broker, '/')]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^server {14}GitPubSub\/\S+\n$/);
    expect(stderr).toContain('shows its numbers only to addresses in its trustedPeers');
  });
});

test('a server that is no broker is told from one that does not show its numbers', async () => {
  const { url } = await startFakeServer(answer(200, { Server: 'nginx' }, 'hello'));
  const { code, stdout, stderr } = await runCommandLine(['stats', url]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe('gitpubsub: This is no answer of a GitPubSub broker.\n');
});

test('a broker behind a proxy that hides its name is taken for one', async () => {
  const { url } = await startFakeServer(answer(200, { Server: 'nginx' }), endedStream([]));
  const { stdout, stderr } = await runCommandLine(['stats', url]);
  expect(stdout).toBe('server              nginx\n');
  expect(stderr).toContain('shows its numbers only to addresses in its trustedPeers');
});

test('--every shows them again and again, also after the broker was away', async () => {
  const { url } = await startFakeServer(answer(200, NUMBERS), answer(503), answer(200, NUMBERS));
  const command = new CommandProcess(['stats', url, '--every', '100ms', '--json']);
  await command.waitForLines(3);
  expect(command.stderr).toContain('the answer is 503');
  command.sendSignal('SIGINT');
  expect(await command.waitForExit()).toEqual({ code: 0, signal: null });
});

test('--watch takes no time, so that the URL may stand behind it', async () => {
  const { url } = await startFakeServer(answer(200, NUMBERS), answer(200, NUMBERS));
  const command = new CommandProcess(['stats', '--watch', url, '--json']);
  await command.waitForLines(2);
});

test('a reader that leaves is a clean end', async () => {
  const { url } = await startFakeServer(answer(200, NUMBERS));
  const command = new CommandProcess(['stats', url]);
  command.stopReading();
  expect(await command.waitForExit()).toEqual({ code: 0, signal: null });
  expect(command.stderr).toBe('');
});

test('tables that follow each other have their times, and a blank line between them', async () => {
  const { url } = await startFakeServer(answer(200, { Server: 'GitPubSub/1', 'X-Uptime': '5' }));
  const command = new CommandProcess(['stats', url, '--every', '100ms']);
  await command.waitForLines(5);
  const [time, server, , blank, nextTime] = command.lines;
  expect([server, blank]).toEqual(['server              GitPubSub/1', '']);
  for (const each of [time, nextTime]) expect(each).toMatch(/^\d\d:\d\d:\d\d$/);
});

test.each([
  [['localhost:1'], 'ECONNREFUSED', 1],
  [['localhost:1', '--every', 'often'], '--every: "often" is not allowed', 64],
  [['localhost:1', '--every', '0'], '--every: "0s" is not allowed; allowed is a time from 100ms to 24d', 64],
  [['ftp://localhost'], '"ftp://localhost" is no URL of a broker', 64],
])('%j fails in a sentence', async (args, message, status) => {
  const { code, stderr } = await runCommandLine(['stats', ...args]);
  expect(stderr).toContain(message);
  expect(code).toBe(status);
});

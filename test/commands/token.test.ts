// Where the commands that talk to a broker find their token, and what they say about it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { publish } from '../../src/client/publish.ts';
import { createTokenBroker, type TokenBroker } from '../support/access-file.ts';
import { urlOf } from '../support/broker-url.ts';
import { CommandProcess } from '../support/command-process.ts';
import { answer, endedStream, eventLine, startFakeServer, stream } from '../support/fake-server.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';
import { runProgram } from '../support/git-sandbox.ts';
import { withBroker } from '../support/with-broker.ts';

const SECRET = 'gitpubsub_s3cret';
// Who may publish here is known by its token alone.
const NO_PEERS = ['--trusted-peers', '192.0.2.1'];
const RECEIPT = answer(200, {}, '{"cursor":"c","timestamp":1.5}');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const command = new CommandProcess(args, { input: '1', environment });
  const { code } = await command.waitForExit();
  return { code, stdout: command.stdout, stderr: command.stderr };
}

function writeToken(text: string, mode = 0o600): string {
  const path = join(createTemporaryDirectory(), 'token');
  writeFileSync(path, text, { mode });
  return path;
}

/** What a publish with these shows its broker. */
async function shown(
  flags: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<unknown> {
  const server = await startFakeServer(RECEIPT);
  expect(await run(['publish', server.url, ...flags], environment)).toMatchObject({ code: 0, stderr: '' });
  return server.requests[0]?.headers.authorization;
}

test('the flag goes before the variables, and the token before the file', async () => {
  const [file, other] = [writeToken('flag\n'), writeToken('file\n')];
  const both = { GITPUBSUB_TOKEN: 'variable', GITPUBSUB_TOKEN_FILE: other };
  expect(await shown(['--token-file', file], both)).toBe('Bearer flag');
  expect(await shown([], both)).toBe('Bearer variable');
  expect(await shown([], { GITPUBSUB_TOKEN_FILE: other })).toBe('Bearer file');
  expect(await shown([], { GITPUBSUB_TOKEN: '', GITPUBSUB_TOKEN_FILE: '' })).toBe(undefined);
});

test('there is no flag for the token itself', async () => {
  const { code, stderr } = await run(['publish', 'localhost:1', '--token', SECRET]);
  expect(code).toBe(64);
  expect(stderr).toContain("unknown option '--token'");
  expect(stderr).not.toContain(SECRET);
});

test('a file that every account can read is told of, and used', async () => {
  const server = await startFakeServer(RECEIPT);
  const path = writeToken(SECRET, 0o644);
  expect(await run(['publish', server.url, '--token-file', path])).toMatchObject({
    code: 0,
    stderr: `gitpubsub: every account of this machine can read the token file ${path}; chmod 600 mends that\n`,
  });
  expect(await shown(['--token-file', writeToken(SECRET, 0o640)], {})).toBe(`Bearer ${SECRET}`);
});

test('a pipe is read once, for all requests', async () => {
  const server = await startFakeServer(answer(503), RECEIPT);
  const event = join(createTemporaryDirectory(), 'event.json');
  writeFileSync(event, '1');
  const script = `printf ${SECRET} | "$0" "$1" publish ${server.url} "$2" --token-file /dev/stdin`;
  const cli = join(import.meta.dirname, '../../dist/cli.js');
  const environment = { PATH: process.env['PATH'] };
  await runProgram(['sh', '-c', script, process.execPath, cli, event], '/', environment, '');
  const headers = server.requests.map((request) => request.headers.authorization);
  expect(headers).toEqual([`Bearer ${SECRET}`, `Bearer ${SECRET}`]);
});

test.each([
  ['\n', 'is empty.'],
  [`two ${SECRET}`, 'is no token; allowed is one word of at most 4,096 visible ASCII characters.'],
  [SECRET.repeat(600), 'is no token; allowed'],
])('a file with %j is an error that names it, and does not quote it', async (text, message) => {
  const path = writeToken(text);
  const { code, stderr } = await run(['stats', 'localhost:1', '--token-file', path]);
  expect(code).toBe(66);
  expect(stderr).toContain(`The token file ${path} ${message}`);
  expect(stderr).not.toContain(SECRET);
});

test('a file that is missing, or is none, is an error that names it', async () => {
  const directory = createTemporaryDirectory();
  for (const path of [directory, '/dev/zero', join(directory, 'none')]) {
    const { code, stderr } = await run(['wait', 'localhost:1', '--commit', 'c0ffee1', '--token-file', path]);
    expect(code).toBe(66);
    expect(stderr).toContain(`The token file ${path} can't be read: `);
  }
});

test('a variable that holds no token is a wrong call, and is not quoted', async () => {
  const { code, stderr } = await run(['stats', 'localhost:1'], { GITPUBSUB_TOKEN: `two ${SECRET}` });
  expect(code).toBe(64);
  expect(stderr).toContain('GITPUBSUB_TOKEN is no token; allowed is one word');
  expect(stderr).not.toContain(SECRET);
});

async function withTokenBroker(act: (url: string, broker: TokenBroker) => Promise<void>): Promise<void> {
  const tokenBroker = createTokenBroker(createTemporaryDirectory());
  await withBroker(['--keep-alive-seconds', '1', ...NO_PEERS, ...tokenBroker.flags], (broker) =>
    act(urlOf(broker, '/private'), tokenBroker),
  );
}

const COMMANDS = [
  ['publish'],
  ['subscribe', '--once'],
  ['wait', '--commit', 'c0ffee1'],
  ['stats'],
  ['doctor', '--duration', '1s'],
] as const;

test('every command that talks to a broker shows the token, and says what to do where it is missing or wrong', async () => {
  await withTokenBroker(async (url, { token }) => {
    const push = { ref: 'refs/heads/main', action: 'updated', after: 'c0ffee1', project: 'p' };
    await publish(url, { push: { ...push, type: 'branch', before: 'b', pusher: null } }, { token });
    for (const [name, ...rest] of COMMANDS) {
      const args = [name, url, ...rest];
      expect({ name, ...(await run(args, { GITPUBSUB_TOKEN: token })) }).toMatchObject({
        name,
        code: 0,
        stderr: '',
      });
      const missing = await run(args);
      expect({ name, code: missing.code }).toEqual({ name, code: 1 });
      expect(missing.stderr).toContain('(No token was sent: put one into a file');
      const wrong = await run(args, { GITPUBSUB_TOKEN_FILE: writeToken(SECRET) });
      expect({ name, code: wrong.code }).toEqual({ name, code: 1 });
      expect(wrong.stderr).toMatch(
        /401.* \(The token came from the file \/.*\/token of GITPUBSUB_TOKEN_FILE\.\)\n/,
      );
      expect(wrong.stderr + missing.stderr).not.toMatch(new RegExp(`${SECRET}|${token}`));
    }
  });
}, 60_000);

test('where the URL has a password of its own, it is said that this was sent', async () => {
  await withTokenBroker(async (url, { token }) => {
    const path = writeToken(token);
    for (const credentials of [`any:${SECRET}@`, `${token}@`]) {
      const args = ['publish', url.replace('//', `//${credentials}`), '--token-file', path];
      const { code, stderr } = await run(args);
      expect(code).toBe(1);
      expect(stderr).toContain(
        '(What the URL has before its @ was sent; a token must be the password there,',
      );
      expect(stderr).not.toMatch(new RegExp(`${SECRET}|${token}|${path}`));
    }
  });
});

test('the doctor tells what the token may from what the address may', async () => {
  await withTokenBroker(async (url, { token }) => {
    const { stdout } = await run(['doctor', url, '--duration', '1s'], { GITPUBSUB_TOKEN: token });
    expect(stdout).toContain(
      'note  Your address may not publish here. The broker says: Publishing to /private',
    );
    expect(stdout).toContain('ok    With your token you may publish.');
  });
});

test('a subscriber outlives a token that is replaced in its file', async () => {
  const path = writeToken('old');
  const server = await startFakeServer(
    endedStream([eventLine(1)]),
    answer(401, {}, 'Expired.'),
    (request, response) => {
      writeFileSync(path, SECRET);
      answer(401, {}, 'Expired.')(request, response);
    },
    stream([eventLine(2)]),
  );
  const command = new CommandProcess(['subscribe', server.url, '--token-file', path]);
  await command.waitForLines(2, 15_000);
  const headers = server.requests.map((request) => request.headers.authorization);
  expect(headers).toEqual(['Bearer old', 'Bearer old', 'Bearer old', `Bearer ${SECRET}`]);
  expect(command.stderr).toBe(
    'gitpubsub: no connection: the server has ended the stream; trying again\n' +
      `gitpubsub: no connection: 401 Expired. (The token came from the file ${path} of --token-file.); trying again\n` +
      'gitpubsub: connected again\n',
  );
});

test('a command of --exec gets the file with the token, but not the token', async () => {
  const server = await startFakeServer(endedStream([eventLine(1)], { 'X-Cursor': 'c1' }));
  const exec = 'echo "$GITPUBSUB_TOKEN|$GITPUBSUB_TOKEN_FILE|$GITPUBSUB_ATTEMPT"';
  const environment = { GITPUBSUB_TOKEN: SECRET, GITPUBSUB_TOKEN_FILE: '/a/file' };
  const { stdout } = await run(['subscribe', server.url, '--once', '--exec', exec], environment);
  expect(stdout).toBe('|/a/file|1\n');
});

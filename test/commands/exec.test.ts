// `gitpubsub subscribe --exec`: a command for each event, in order, again where it fails, and nothing lost.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { publish, publishBatch } from '../../src/client/publish.ts';
import { startBrokerOfFile } from '../support/broker-of-file.ts';
import { runCommandLine } from '../support/broker-process.ts';
import { CommandProcess } from '../support/command-process.ts';
import { pollUntil } from '../support/deadline.ts';
import { startFakeServer, stream } from '../support/fake-server.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';

const nextUrl = startBrokerOfFile();

function push(project: string, n: number): unknown {
  const details = {
    project,
    ref: 'refs/heads/main',
    type: 'branch',
    action: 'updated',
    before: 'b',
    after: 'a',
  };
  return { n, push: { ...details, pusher: null } };
}

interface Run {
  readonly directory: string;
  readonly command: CommandProcess;
}

/** Subscribes to all there is; the shell command finds a directory of the test's own in $DIR. */
function run(
  url: string,
  exec: string,
  args: readonly string[] = [],
  directory = createTemporaryDirectory(),
): Run {
  const environment = { DIR: directory, GITPUBSUB_SUBJECT: 'stale' };
  const all = ['subscribe', url, '--since', '0', '--exec', exec, ...args];
  return { directory, command: new CommandProcess(all, { environment }) };
}

test('the command gets the event on standard input and in the environment', async () => {
  const url = nextUrl();
  const commit = {
    project: 'widget',
    ref: 'refs/heads/a/b',
    hash: 'c'.repeat(40),
    shortHash: 'ccccccc',
    author: 'Ada "; exit 1 #',
    email: 'ada@example.org',
    subject: '$(exit 1)\0`exit 1`',
  };
  const { cursor } = await publish(url, { commit });
  const names = 'TYPE TOPIC CURSOR ATTEMPT PROJECT REF REF_NAME HASH AUTHOR EMAIL SUBJECT ACTION';
  const exec = `cat; for n in ${names}; do eval "printf '%s=%s|' $n \\"\\$GITPUBSUB_$n\\""; done; echo`;
  const { command } = run(url, exec, ['--once']);
  expect(await command.waitForExit()).toEqual({ code: 0, signal: null });
  expect(JSON.parse(command.lines[0] ?? '')).toMatchObject({ commit, pubsub_cursor: cursor });
  expect(command.lines[1]).toBe(
    `TYPE=commit|TOPIC=${new URL(url).pathname}|CURSOR=${cursor}|ATTEMPT=1|PROJECT=widget|REF=refs/heads/a/b|REF_NAME=a/b|` +
      `HASH=${commit.hash}|AUTHOR=Ada "; exit 1 #|EMAIL=ada@example.org|SUBJECT=$(exit 1)\`exit 1\`|ACTION=|`,
  );
});

test('what a webhook did not tell is not in the environment', async () => {
  const url = nextUrl();
  const push = {
    project: 'widget',
    ref: 'refs/heads/x',
    type: 'branch',
    action: 'deleted',
    after: '0',
    pusher: null,
  };
  await publish(url, { push });
  const { command } = run(url, 'echo "$GITPUBSUB_ACTION ${GITPUBSUB_BEFORE-none} ${GITPUBSUB_PUSHER-none}"', [
    '--once',
  ]);
  expect(await command.waitForExit()).toEqual({ code: 0, signal: null });
  expect(command.stdout).toBe('deleted none none\n');
});

test('members of any type are values, too', async () => {
  const url = nextUrl();
  const texts = { project: 'p', ref: 'r', hash: 'h', shortHash: 'h', author: 'a', subject: 's' };
  await publish(url, { commit: { ...texts, email: { toString: 1 } } });
  await publish(url, { commit: texts });
  const { command } = run(url, 'echo "<$GITPUBSUB_EMAIL>"', ['--once', '--exec-retries', '0']);
  expect(await command.waitForExit()).toEqual({ code: 0, signal: null });
  expect(command.lines).toEqual(['<{"toString":1}>', '<>']);
});

test('a command need not read its input', async () => {
  const url = nextUrl();
  await publish(url, 'x'.repeat(200_000));
  const { command } = run(url, 'exec 0<&-; echo done', ['--once']);
  expect(await command.waitForExit()).toEqual({ code: 0, signal: null });
  expect(command.stdout).toBe('done\n');
});

// Each command says when it begins and ends; it takes long enough for others to begin.
const NOTE =
  'n=$(sed "s/.*\\"n\\":\\([0-9]*\\).*/\\1/"); echo "+ $GITPUBSUB_PROJECT $n"; sleep 0.05; echo "- $GITPUBSUB_PROJECT $n"';

test('events of one project run one after the other in order, those of several side by side within the limit', async () => {
  const url = nextUrl();
  const projects = ['a', 'b', 'c'];
  const events = [0, 1, 2, 3].flatMap((n) => projects.map((project) => push(project, n)));
  await publishBatch(url, events);
  const { command } = run(url, NOTE, ['--once', '--exec-limit', '2']);
  await command.waitForExit();
  for (const project of projects) {
    const own = command.lines.filter((line) => line.includes(` ${project} `));
    expect(own).toEqual([0, 1, 2, 3].flatMap((n) => [`+ ${project} ${n}`, `- ${project} ${n}`]));
  }
  expect(mostAtOnce(command.lines)).toBe(2);
});

test('with a limit of one nothing runs side by side', async () => {
  const url = nextUrl();
  await publishBatch(
    url,
    ['a', 'b', 'c'].map((project) => push(project, 0)),
  );
  const { command } = run(url, NOTE, ['--once', '--exec-limit', '1']);
  await command.waitForExit();
  expect(command.lines).toHaveLength(6);
  expect(mostAtOnce(command.lines)).toBe(1);
});

function mostAtOnce(lines: readonly string[]): number {
  let running = 0;
  return Math.max(...lines.map((line) => (running += line.startsWith('+') ? 1 : -1)));
}

test('a command that takes longer than --exec-timeout has failed, and its project goes on', async () => {
  const url = nextUrl();
  await publishBatch(url, [push('a', 1), push('a', 2)]);
  const exec = 'echo "$GITPUBSUB_ATTEMPT"; case $(cat) in *\'"n":1\'*) sleep 1000;; esac';
  const file = join(createTemporaryDirectory(), 'dead');
  const args = ['--once', '--exec-timeout', '300ms', '--exec-retries', '1', '--dead-letter-file', file];
  const { command } = run(url, exec, args);
  expect(await command.waitForExit()).toEqual({ code: 0, signal: null });
  expect(command.lines).toEqual(['1', '2', '1']);
  const letters = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(letters.map((line): unknown => JSON.parse(line))).toMatchObject([
    { attempts: 2, reason: 'it took longer than 300 ms', event: { n: 1 } },
  ]);
});

test('a command that fails runs again, and others of its project wait for it', async () => {
  const url = nextUrl();
  await publishBatch(url, [push('a', 1), push('a', 2)]);
  const exec =
    'cat >/dev/null; echo "$GITPUBSUB_CURSOR $GITPUBSUB_ATTEMPT"; [ -e "$DIR/ok" ] || { : >"$DIR/ok"; exit 3; }';
  const { command } = run(url, exec, ['--once']);
  expect(await command.waitForExit()).toEqual({ code: 0, signal: null });
  const [first, second, third] = command.lines.map((line) => line.split(' '));
  expect([first?.[1], second?.[1], third?.[1]]).toEqual(['1', '2', '1']);
  expect(first?.[0]).toBe(second?.[0]);
  expect(command.stderr).toContain('it ended with status 3; trying again');
});

test('a command that fails for good ends it, and its event comes again', async () => {
  const url = nextUrl();
  await publishBatch(url, [push('a', 1), push('a', 2)]);
  const directory = createTemporaryDirectory();
  const cursorFile = join(directory, 'cursor');
  const exec = 'cat >>"$DIR/seen"; [ -e "$DIR/mended" ] || [ "$(wc -l <"$DIR/seen")" -lt 2 ]';
  const args = ['--cursor-file', cursorFile, '--exec-retries', '0'];
  const { command } = run(url, exec, args, directory);
  expect(await command.waitForExit()).toEqual({ code: 1, signal: null });
  expect(command.stderr).toContain(
    'it comes again at the next start; with --dead-letter-file the rest would go on.',
  );
  const again = run(url, ': >"$DIR/mended"; cat >>"$DIR/seen"', [...args, '--once'], directory);
  expect(await again.command.waitForExit()).toEqual({ code: 0, signal: null });
  expect(numbersIn(join(directory, 'seen'))).toEqual([1, 2, 2]);
});

test.each([[[]], [['--since', '10m']]])(
  'the first event comes again, too, where only the stream says its start: %j',
  async (start) => {
    const [before, cursor] = [0, 1].map((offset) => `0123456789ab-${offset}-deadbeef`);
    const line = `{"pubsub_payload":1,"pubsub_timestamp":1.5,"pubsub_path":"/t","pubsub_topics":["t"],"pubsub_cursor":"${cursor}"}`;
    const server = await startFakeServer(stream([line], { 'X-Cursor': String(before) }));
    const cursorFile = join(createTemporaryDirectory(), 'cursor');
    const args = ['--exec', 'false', '--exec-retries', '0', '--cursor-file', cursorFile];
    const command = new CommandProcess(['subscribe', server.url, ...start, ...args]);
    expect(await command.waitForExit()).toEqual({ code: 1, signal: null });
    expect(readFileSync(cursorFile, 'utf8')).toBe(`${before}\n`);
  },
);

test('with a dead-letter file the event goes there, and the rest goes on', async () => {
  const url = nextUrl();
  await publishBatch(url, [push('a', 1), push('a', 2), push('a', 3)]);
  const directory = createTemporaryDirectory();
  const deadLetters = join(directory, 'dead.ndjson');
  const exec = 'line=$(cat); echo "$line"; case $line in *\'"n":2\'*) kill -9 $$;; esac';
  const args = ['--once', '--exec-retries', '1', '--dead-letter-file', deadLetters];
  const { command } = run(url, exec, args, directory);
  expect(await command.waitForExit()).toEqual({ code: 0, signal: null });
  expect(numbersOf(command.lines)).toEqual([1, 2, 2, 3]);
  expect(JSON.parse(readFileSync(deadLetters, 'utf8'))).toMatchObject({
    command: exec,
    attempts: 2,
    reason: 'it was ended by SIGKILL',
    event: { n: 2 },
  });
});

test('where no further command can be started, for want of descriptors, it runs later', async () => {
  const url = nextUrl();
  const numbers = Array.from({ length: 60 }, (_, n) => n);
  await publishBatch(
    url,
    numbers.map((n) => push(`p${n}`, n)),
  );
  const args = ['subscribe', url, '--once', '--exec', 'cat', '--exec-limit', '60'];
  const { code, stdout, stderr } = await runCommandLine(args, { openFiles: 60 });
  expect(stderr).toMatch(/the command failed for \S+ at \S+: spawn \S+ EMFILE; trying again/);
  expect(code).toBe(0);
  expect(new Set(numbersOf(stdout.split('\n').slice(0, -1)))).toEqual(new Set(numbers));
});

test('a dead-letter file that cannot be written ends it', async () => {
  const url = nextUrl();
  await publish(url, 1);
  const args = ['--exec-retries', '0', '--dead-letter-file', '/nowhere/dead'];
  const { command } = run(url, 'exit 1', args);
  expect(await command.waitForExit()).toEqual({ code: 1, signal: null });
  expect(command.stderr).toContain("The dead-letter file /nowhere/dead can't be used");
});

test('Ctrl-C lets the running command finish, starts no other, and nothing comes twice', async () => {
  const url = nextUrl();
  await publishBatch(url, [push('a', 1), push('a', 2)]);
  const directory = createTemporaryDirectory();
  const args = ['--cursor-file', join(directory, 'cursor')];
  const exec = 'cat >>"$DIR/begun"; while [ ! -e "$DIR/go" ]; do sleep 0.02; done; echo x >>"$DIR/ended"';
  const { command } = run(url, exec, args, directory);
  await pollUntil(() => (existsSync(join(directory, 'begun')) ? true : undefined), 'the command runs');
  command.sendSignal('SIGINT');
  const again = run(url, ': >"$DIR/go"', ['--once'], directory); // lets it go, a good while after the signal
  await again.command.waitForExit();
  expect(await command.waitForExit()).toEqual({ code: 0, signal: null });
  expect(numbersIn(join(directory, 'begun'))).toEqual([1]);
  expect(readFileSync(join(directory, 'ended'), 'utf8')).toBe('x\n');
  await run(url, exec, [...args, '--once'], directory).command.waitForExit();
  expect(numbersIn(join(directory, 'begun'))).toEqual([1, 2]);
});

test('the cursor stays before the first project that is not done', async () => {
  const url = nextUrl();
  const first = await publish(url, push('quick', 1));
  await publish(url, push('stuck', 2));
  await publish(url, push('quick', 3));
  const directory = createTemporaryDirectory();
  const cursorFile = join(directory, 'cursor');
  const exec = 'cat >>"$DIR/seen"; [ "$GITPUBSUB_PROJECT" = quick ]';
  const { command } = run(url, exec, ['--cursor-file', cursorFile, '--exec-retries', '1000'], directory);
  const seen = join(directory, 'seen');
  await pollUntil(
    () => (existsSync(seen) && numbersIn(seen).includes(3) ? true : undefined),
    'the last one ran',
  );
  const expected = `${first.cursor}\n`;
  await pollUntil(
    () => (existsSync(cursorFile) && readFileSync(cursorFile, 'utf8') === expected ? true : undefined),
    'the cursor',
  );
  command.sendSignal('SIGTERM');
  expect(await command.waitForExit()).toEqual({ code: 0, signal: null });
  expect(readFileSync(cursorFile, 'utf8')).toBe(expected);
});

test('killed again and again, it handles every event at least once, and each project in order', async () => {
  const url = nextUrl();
  const projects = ['a', 'b', 'c'];
  const count = 40;
  await publishBatch(
    url,
    Array.from({ length: count }, (_, n) => projects.map((project) => push(project, n))).flat(),
  );
  const directory = createTemporaryDirectory();
  const exec = 'cat >>"$DIR/$GITPUBSUB_PROJECT"';
  const args = ['--cursor-file', join(directory, 'cursor')];
  for (const wanted of [1, 10, 25]) {
    const { command } = run(url, exec, args, directory);
    const isReached = (): true | undefined =>
      existsSync(join(directory, 'b')) && numbersIn(join(directory, 'b')).includes(wanted) ? true : undefined;
    await pollUntil(isReached, `event ${wanted}`);
    command.sendSignal('SIGKILL');
    await command.waitForExit();
  }
  await run(url, exec, [...args, '--once'], directory).command.waitForExit();
  for (const project of projects) {
    const numbers = numbersIn(join(directory, project));
    // Set keeps the order in which numbers were first seen.
    expect([...new Set(numbers)]).toEqual(Array.from({ length: count }, (_, n) => n));
  }
});

function numbersIn(path: string): unknown[] {
  return numbersOf(readFileSync(path, 'utf8').split('\n').slice(0, -1));
}

function numbersOf(lines: readonly string[]): unknown[] {
  return lines.map((line) => (JSON.parse(line) as { n: unknown }).n);
}

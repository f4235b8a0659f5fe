// Hands on the database's files: deleted, moved, cut short and overwritten ones, and files that are somebody else's.

import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BrokerProcess, runCommandLine } from '../support/broker-process.ts';
import { withDeadline } from '../support/deadline.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish, publishAll } from '../support/publisher.ts';
import { request, type Target } from '../support/raw-http.ts';
import { waitUntilReady, waitUntilUnready } from '../support/readiness.ts';
import { StreamReader } from '../support/stream-reader.ts';

const FLAGS = ['--keep-alive-seconds', '0.2'];
const FROM_THE_BEGINNING = { headers: [['X-Fetch-Since', '0']] } as const;

let broker: BrokerProcess;

beforeEach(async () => {
  broker = await BrokerProcess.start({ flags: FLAGS });
});
afterEach(async () => {
  await broker.dispose();
});

async function readFromTheBeginning(target: Target, count: number): Promise<readonly string[]> {
  const stream = await StreamReader.open(target, '/', FROM_THE_BEGINNING);
  const events = await stream.waitForEvents(count);
  stream.close();
  return events;
}

async function gapAfter(cursor: string | undefined): Promise<string | undefined> {
  const headers = [['X-Fetch-Since-Cursor', cursor ?? '']] as const;
  const stream = await StreamReader.open(broker.target, '/', { headers });
  const gap = stream.response.header('x-fetch-gap');
  stream.close();
  return gap;
}

async function start(path: string): Promise<{ code: number | null; stderr: string }> {
  return runCommandLine(['serve', '--port', '0', '--database', path]);
}

describe('while the broker runs', () => {
  const tamperings: readonly (readonly [string, (path: string) => void])[] = [
    ['deleted', (path) => rmSync(path)],
    [
      'replaced by a copy',
      (path) => {
        copyFileSync(path, `${path}.copy`);
        renameSync(`${path}.copy`, path);
      },
    ],
    ['left without its -wal file', (path) => rmSync(`${path}-wal`)],
    ['left without its lock', (path) => rmSync(`${path}.lock`)],
  ];

  test.each(tamperings)(
    'a database that is %s takes no more events, and everybody is told',
    async (_how, tamper) => {
      await publish(broker.target, '/a', '1');
      const live = await StreamReader.open(broker.target, '/');
      tamper(broker.databasePath);
      expect(await waitUntilUnready(broker.target)).toMatch(/gitpubsub\.db.* was deleted, moved or replaced/);
      const refusal = await request(broker.target, { method: 'POST', path: '/a', body: '2' });
      expect(expectProblem(refusal, 503).detail).toMatch(/restart the broker/);
      await live.waitForKeepAlives(live.keepAliveCount + 3);
      expect(live.events).toEqual([]);
      expect(await readFromTheBeginning(broker.target, 1)).toEqual(['1']);
      expect(broker.messages).toContain('event log failing');
      live.close();
      await broker.restart();
      await publish(broker.target, '/a', '3');
    },
  );

  test('a database that cannot be looked at takes no more events until it can, and nothing else happens', async () => {
    await publish(broker.target, '/a', '1');
    const live = await StreamReader.open(broker.target, '/');
    const wal = `${broker.databasePath}-wal`;
    renameSync(wal, `${wal}.away`);
    symlinkSync(wal, wal);
    expect(await waitUntilUnready(broker.target)).toMatch(/gitpubsub\.db-wal cannot be looked at .*ELOOP/);
    const refusal = await request(broker.target, { method: 'POST', path: '/a', body: '2' });
    expect(expectProblem(refusal, 503).detail).toMatch(/cannot be looked at/);
    renameSync(`${wal}.away`, wal);
    await waitUntilReady(broker.target);
    await publish(broker.target, '/a', '3');
    expect(await live.waitForEvents(1)).toEqual(['3']);
    expect(await readFromTheBeginning(broker.target, 2)).toEqual(['1', '3']);
    live.close();
  });

  test('an older copy in its place is not spoiled by a restart: what lay beside it is put aside', async () => {
    await publish(broker.target, '/a', '1');
    const copy = join(broker.directory, 'copy.db');
    expect((await runCommandLine(['log', 'backup', broker.databasePath, copy])).code).toBe(0);
    await publishAll(
      broker.target,
      '/a',
      Array.from({ length: 200 }, (_, i) => `"${i} ${'x'.repeat(1_000)}"`),
    );
    renameSync(copy, broker.databasePath);
    await waitUntilUnready(broker.target);
    await broker.restart();
    expect(await readFromTheBeginning(broker.target, 1)).toEqual(['1']);
    await publish(broker.target, '/a', '2');
    await broker.stop();
    expect((await runCommandLine(['log', 'check', broker.databasePath])).code).toBe(0);
    expect(statSync(`${broker.databasePath}-wal.left`).size).toBeGreaterThan(100_000);
  });

  test('for comparison: a database that somebody only looks at and copies goes on', async () => {
    await publish(broker.target, '/a', '1');
    const other = new BetterSqlite3(broker.databasePath, { readonly: true });
    expect(other.prepare('SELECT count(*) FROM event').pluck().get()).toBe(1);
    other.close();
    copyFileSync(broker.databasePath, `${broker.databasePath}.copy`);
    await publish(broker.target, '/a', '2');
    expect(await readFromTheBeginning(broker.target, 2)).toEqual(['1', '2']);
    expect(broker.messages).not.toContain('event log failing');
  });

  test('a database that is moved away and back goes on by itself, and nothing was lost', async () => {
    const live = await StreamReader.open(broker.target, '/');
    await publish(broker.target, '/a', '1');
    renameSync(broker.databasePath, `${broker.databasePath}.away`);
    await waitUntilUnready(broker.target);
    renameSync(`${broker.databasePath}.away`, broker.databasePath);
    await waitUntilReady(broker.target);
    await publish(broker.target, '/a', '2');
    expect(await live.waitForEvents(2)).toEqual(['1', '2']);
    live.close();
    await broker.kill();
    await broker.launch();
    expect(await readFromTheBeginning(broker.target, 2)).toEqual(['1', '2']);
  });
});

/** Publishes 50 events and kills the broker. @returns their cursors */
async function leaveInWal(): Promise<readonly string[]> {
  const events = Array.from({ length: 50 }, (_, i) => `"${i} ${'x'.repeat(1_000)}"`);
  const acknowledgements = await publishAll(broker.target, '/a', events);
  await broker.kill();
  return acknowledgements.map(({ cursor }) => cursor);
}

// What SQLite tells of it: nothing. Events are lost, and cursors tell.
describe('a -wal file that was cut short while the broker was down', () => {
  test('leaves the events before the tear, and cursors of the lost ones say so, also when others came', async () => {
    const cursors = await leaveInWal();
    const wal = `${broker.databasePath}-wal`;
    truncateSync(wal, Math.floor(statSync(wal).size / 2));
    await broker.launch();
    await publish(broker.target, '/end', '"end"');
    const stream = await StreamReader.open(broker.target, '/', FROM_THE_BEGINNING);
    const kept = await stream.readUntil('"end"');
    stream.close();
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(50);
    expect(kept.every((event, i) => event.startsWith(`"${i} `))).toBe(true);
    await publishAll(broker.target, '/a', ['1', '2', '3']);
    expect(await gapAfter(cursors[kept.length - 1])).toBeUndefined();
    expect(await gapAfter(cursors[kept.length])).toBe('unknown');
    expect(await gapAfter(cursors[49])).toBe('unknown');
  });

  test('for comparison: an untouched one loses nothing', async () => {
    const cursors = await leaveInWal();
    await broker.launch();
    expect(await readFromTheBeginning(broker.target, 50)).toHaveLength(50);
    expect(await gapAfter(cursors[49])).toBeUndefined();
  });
});

describe('a page in the middle that was overwritten', () => {
  const EVENTS = Array.from({ length: 400 }, (_, i) => `"${i} ${'x'.repeat(3_000)}"`);

  async function prepare(): Promise<void> {
    await publishAll(broker.target, '/a', EVENTS);
    await broker.stop();
  }

  test('is found by a reader: its stream is cut, with a line in the log; all else goes on', async () => {
    await prepare();
    overwritePage(broker.databasePath, 0.5);
    await broker.launch();
    const reader = await StreamReader.open(broker.target, '/', FROM_THE_BEGINNING);
    expect(await reader.waitForEnd()).toBe('cut');
    expect(reader.events.length).toBeGreaterThan(0);
    expect(EVENTS.slice(0, reader.events.length)).toEqual(reader.events);
    expect(broker.messages).toContain('stream cut');
    const live = await StreamReader.open(broker.target, '/');
    await publish(broker.target, '/a', '"new"');
    expect(await live.nextEvent()).toBe('"new"');
    live.close();
  });

  test('for comparison: without it the stream goes on to the end', async () => {
    await prepare();
    await broker.launch();
    expect(await readFromTheBeginning(broker.target, EVENTS.length)).toEqual(EVENTS);
    expect(broker.messages).not.toContain('stream cut');
  });
});

describe('a start', () => {
  test.each([
    ['a text', (path: string) => writeFileSync(path, 'Dear diary,\n'), /not a SQLite database/],
    [
      'another program’s database',
      (path: string) => execute(path, 'CREATE TABLE mine (a)'),
      /another program/,
    ],
    [
      'a newer schema',
      (path: string) => {
        copyFileSync(broker.databasePath, path);
        execute(path, 'PRAGMA user_version = 99');
      },
      /newer GitPubSub/,
    ],
    [
      'a log without its newest events',
      (path: string) => {
        copyFileSync(broker.databasePath, path);
        execute(path, 'UPDATE log SET pruned_offset = 1000');
      },
      /damaged/,
    ],
  ])(
    'on %s is refused for good: status 78, the way out, and the file as it was',
    async (_what, create, reason) => {
      await publish(broker.target, '/a', '1');
      await broker.stop();
      const path = join(broker.directory, 'other.db');
      create(path);
      const before = readFileSync(path);
      const { code, stderr } = await start(path);
      expect(code).toBe(78);
      expect(stderr).toMatch(reason);
      expect(stderr).toMatch(/move (this one|it) away/);
      expect(readFileSync(path).equals(before)).toBe(true);
    },
  );

  test('for comparison: a database that another broker has is refused with status 1, since that one may stop', async () => {
    const { code, stderr } = await start(broker.databasePath);
    expect(code).toBe(1);
    expect(stderr).toMatch(/another broker is using it/);
  });

  test('on a database that may only be read is refused, and works once it may be written', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'gitpubsub-test-'));
    const path = join(directory, 'log.db');
    try {
      await publish(broker.target, '/a', '1');
      await broker.stop();
      copyFileSync(broker.databasePath, path);
      chmodSync(path, 0o444);
      const account = givePlainAccount(directory, path);
      expect(await serveAs(account, path)).toMatch(/cannot be opened: EACCES/);
      chmodSync(path, 0o644);
      expect(await serveAs(account, path)).toMatch(/"listening"/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

function execute(path: string, sql: string): void {
  const database = new BetterSqlite3(path);
  database.exec(sql);
  database.close();
}

/** Destroys a page at a share of the file. */
function overwritePage(path: string, share: number): void {
  const pageBytes = 4_096;
  const page = Math.floor((statSync(path).size / pageBytes) * share);
  const descriptor = openSync(path, 'r+');
  writeSync(descriptor, Buffer.alloc(pageBytes, 0xff), 0, pageBytes, page * pageBytes);
  closeSync(descriptor);
}

const NOBODY = 65_534;

/** Root may write everything, so it lends itself another account. */
function givePlainAccount(...paths: readonly string[]): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  for (const path of paths) chownSync(path, NOBODY, NOBODY);
  return { uid: NOBODY, gid: NOBODY };
}

/** Starts a broker, and ends it once it listens. @returns what it printed */
async function serveAs(account: { uid?: number; gid?: number }, path: string): Promise<string> {
  const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
  const child = spawn(process.execPath, [cli, 'serve', '--port', '0', '--database', path], account);
  let output = '';
  const done = new Promise<string>((resolve) => {
    const take = (text: string): void => {
      output += text;
      if (output.includes('"listening"')) child.kill('SIGKILL');
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.once('close', () => resolve(output));
  });
  return withDeadline(done, () => `the broker ends or listens: ${output}`).finally(() =>
    child.kill('SIGKILL'),
  );
}

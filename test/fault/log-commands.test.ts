// `gitpubsub log check` and `log backup` beside a running broker: what they say, their exit statuses, and a restore.

import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BrokerProcess, runCommandLine } from '../support/broker-process.ts';
import { publish, publishAll } from '../support/publisher.ts';
import { StreamReader } from '../support/stream-reader.ts';

let broker: BrokerProcess;

beforeEach(async () => {
  broker = await BrokerProcess.start();
});
afterEach(async () => {
  await broker.dispose();
});

test('a sound database passes while its broker runs, with what it holds', async () => {
  await publish(broker.target, '/a', '1');
  await publish(broker.target, '/a', '2');
  const { code, stdout, stderr } = await runCommandLine(['log', 'check', broker.databasePath]);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/events +2, offsets 1 to 2, 2 bytes of payload/);
  expect(stdout).toMatch(/no damage found/);
  await publish(broker.target, '/a', '3');
});

test('a damaged one does not: status 1, what is wrong, and the way out', async () => {
  for (const body of ['1', '2', '3']) await publish(broker.target, '/a', body);
  await broker.stop();
  const database = new BetterSqlite3(broker.databasePath);
  database.exec('DELETE FROM event WHERE "offset" = 2');
  database.close();
  const { code, stdout, stderr } = await runCommandLine(['log', 'check', broker.databasePath]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/event 2 is missing/);
  expect(stderr).toMatch(/put a backup in its place/);
});

test.each([
  [['log', 'check'], 64],
  [['log', 'check', 'a', 'b'], 64],
  [['log', 'check', '/nowhere/log.db'], 66],
  [['log', 'backup', '/nowhere/log.db', '/nowhere/copy.db'], 66],
])('%j ends with status %i', async (args, status) => {
  expect((await runCommandLine(args)).code).toBe(status);
});

test.each([
  ['nothing', (): string => join(broker.directory, 'nowhere.db')],
  ['a directory', (): string => broker.directory],
  [
    'a pipe',
    (): string => {
      const path = join(broker.directory, 'pipe');
      execFileSync('mkfifo', [path]);
      return path;
    },
  ],
])('%s is no database that could be looked at: status 66', async (_what, place) => {
  const { code, stderr } = await runCommandLine(['log', 'check', place()]);
  expect(stderr).toMatch(/cannot be read|is no file/);
  expect(code).toBe(66);
});

test('a backup that fails leaves nothing behind', async () => {
  await publishAll(
    broker.target,
    '/a',
    Array.from({ length: 50 }, () => `"${'x'.repeat(10_000)}"`),
  );
  const copy = join(broker.directory, 'copy.db');
  const args = ['log', 'backup', broker.databasePath, copy].map((arg) => `'${arg}'`).join(' ');
  const result = spawnSync('sh', [
    '-c',
    `ulimit -f 100; trap '' XFSZ; exec '${process.execPath}' dist/cli.js ${args}`,
  ]);
  expect(result.status).toBe(1);
  expect(String(result.stderr)).toMatch(/cannot be copied/);
  expect(readdirSync(broker.directory).filter((name) => name.startsWith('copy'))).toEqual([]);
});

test('a backup does not take the place of anything', async () => {
  const { code, stderr } = await runCommandLine(['log', 'backup', broker.databasePath, broker.databasePath]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/something is there already/);
});

test('a backup that is put back serves, and cursors of what it does not have say so', async () => {
  const kept = await publish(broker.target, '/a', '"kept"');
  const copy = join(broker.directory, 'copy.db');
  expect((await runCommandLine(['log', 'backup', broker.databasePath, copy])).code).toBe(0);
  const lost = await publish(broker.target, '/a', '"lost"');
  await broker.stop();
  for (const suffix of ['-wal', '-shm']) rmSync(broker.databasePath + suffix, { force: true });
  renameSync(copy, broker.databasePath);
  await broker.launch();
  await publish(broker.target, '/a', '"new"');
  expect(await resume(kept.cursor)).toEqual({ gap: undefined, next: '"new"' });
  expect(await resume(lost.cursor)).toEqual({ gap: 'unknown', next: '"kept"' });
});

async function resume(cursor: string): Promise<{ gap: string | undefined; next: string }> {
  const stream = await StreamReader.open(broker.target, '/', { headers: [['X-Fetch-Since-Cursor', cursor]] });
  const next = await stream.nextEvent();
  stream.close();
  return { gap: stream.response.header('x-fetch-gap'), next };
}

// A disk that takes nothing more, full or read-only: publishers are told, nobody else notices, and all goes on by itself when there is room.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish } from '../support/publisher.ts';
import { request } from '../support/raw-http.ts';
import { statusOf, waitUntilReady, waitUntilUnready } from '../support/readiness.ts';
import { StreamReader } from '../support/stream-reader.ts';

const FLAGS = ['--keep-alive-seconds', '0.2'];

/** More than what still fits, so that the disk is full in a batch's middle. */
const LARGE_BATCH = Array.from(
  { length: 40 },
  (_, i) => `{"batch":${i},"text":"${'x'.repeat(100_000)}"}`,
).join('\n');

/** A broker on a disk that can be filled. */
interface Scene {
  readonly broker: BrokerProcess;
  fill(): void;
  makeRoom(): void;
  dispose(): Promise<void>;
}

// Nothing may grow beyond what it is: what a file system with a quota answers.
async function limitFileSize(): Promise<Scene> {
  const broker = await BrokerProcess.start({ flags: FLAGS });
  const setLimit = (bytes: string): void =>
    void execFileSync('prlimit', ['--pid', String(broker.pid), `--fsize=${bytes}:`]);
  return {
    broker,
    fill: () => setLimit(String(statSync(`${broker.databasePath}-wal`).size + 10_000)),
    makeRoom: () => setLimit('unlimited'),
    dispose: () => broker.dispose(),
  };
}

// A file system of two megabytes in memory, which only root can mount.
async function mountSmallDisk(): Promise<Scene> {
  const disk = mkdtempSync(join(tmpdir(), 'gitpubsub-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]);
  const unmount = (): void => {
    execFileSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true });
  };
  try {
    const broker = await BrokerProcess.start({ flags: [...FLAGS, '--database', join(disk, 'log.db')] });
    return {
      broker,
      fill: () => {
        expect(() => writeFileSync(join(disk, 'filler'), Buffer.alloc(4 * 1024 * 1024))).toThrow(/ENOSPC/);
      },
      makeRoom: () => {
        rmSync(join(disk, 'filler'));
        execFileSync('mount', ['-o', 'remount,size=64m', disk]);
      },
      dispose: async () => {
        await broker.dispose();
        unmount();
      },
    };
  } catch (error) {
    unmount();
    throw error;
  }
}

// What a write then meets is what it meets on a file system that was remounted read-only, even for root. Not the -shm file,
// which is memory: a kernel that denies that ends the process.
async function makeFilesReadOnly(): Promise<Scene> {
  const broker = await BrokerProcess.start({ flags: FLAGS });
  const change = (attribute: '+i' | '-i'): void => {
    const path = broker.databasePath;
    execFileSync('chattr', [attribute, path, `${path}-wal`]);
  };
  return {
    broker,
    fill: () => change('+i'),
    makeRoom: () => change('-i'),
    dispose: () => broker.dispose(),
  };
}

function canMakeReadOnly(): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'gitpubsub-disk-'));
  const file = join(directory, 'file');
  writeFileSync(file, '');
  const isPossible = canRun('chattr', '+i', file) && canRun('chattr', '-i', file);
  rmSync(directory, { recursive: true });
  return isPossible;
}

function canRun(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args).status === 0;
}

function canMount(): boolean {
  const disk = mkdtempSync(join(tmpdir(), 'gitpubsub-disk-'));
  const isMounted = canRun('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk);
  if (isMounted) execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true });
  return isMounted;
}

describe.each([
  ['a limit of file sizes', limitFileSize, canRun('prlimit', '--version')],
  ['a small disk that is full', mountSmallDisk, canMount()],
  ['a database that becomes read-only', makeFilesReadOnly, canMakeReadOnly()],
])('%s', (_what, setUp, isPossible) => {
  describe.runIf(isPossible)('meets the broker', () => {
    let scene: Scene;
    let live: StreamReader;
    const acknowledged: string[] = [];
    let counter = 0;

    beforeAll(async () => {
      scene = await setUp();
      live = await StreamReader.open(scene.broker.target, '/');
    });
    afterAll(async () => {
      live.close();
      await scene.dispose();
    });

    /** Publishes one event after another until one is refused, at most so many. @returns the refusal's reason */
    async function publishUntilRefused(most: number): Promise<string | undefined> {
      for (let i = 0; i < most; i++) {
        const body = `{"event":${counter++},"text":"${'y'.repeat(1_000)}"}`;
        const response = await request(scene.broker.target, { method: 'POST', path: '/events', body });
        if (response.statusCode !== 200) return expectProblem(response, 503).detail;
        acknowledged.push(body);
      }
      return undefined;
    }

    async function publishLargeBatch(): Promise<number> {
      const headers = [['Content-Type', 'application/x-ndjson']] as const;
      const response = await request(scene.broker.target, {
        method: 'POST',
        path: '/batch',
        body: LARGE_BATCH,
        headers,
      });
      if (response.statusCode === 200) acknowledged.push(...LARGE_BATCH.split('\n'));
      return response.statusCode;
    }

    async function readEverything(): Promise<readonly string[]> {
      const stream = await StreamReader.open(scene.broker.target, '/', { headers: [['X-Fetch-Since', '0']] });
      const events = await stream.waitForEvents(acknowledged.length);
      stream.close();
      return events;
    }

    test('for comparison: before, events are taken', async () => {
      expect(await publishUntilRefused(20)).toBeUndefined();
      expect(await statusOf(scene.broker.target, '/-/readyz')).toBe(200);
    });

    test('publishers get 503 with the reason, and the broker is not ready', async () => {
      scene.fill();
      expect(await publishUntilRefused(2_000)).toMatch(/cannot store events now: .*(full|I\/O)/);
      expect(await publishLargeBatch()).toBe(503);
      expect(await waitUntilUnready(scene.broker.target)).toMatch(/full|I\/O/);
      expect(await statusOf(scene.broker.target, '/-/livez')).toBe(200);
    });

    test('subscribers stay, old and new ones, and see what was acknowledged only', async () => {
      await live.waitForKeepAlives(live.keepAliveCount + 3);
      expect(live.response.end).toBeUndefined();
      expect(await live.waitForEvents(acknowledged.length)).toEqual(acknowledged);
      expect(await readEverything()).toEqual(acknowledged);
    });

    test('all goes on by itself once there is room', async () => {
      scene.makeRoom();
      await waitUntilReady(scene.broker.target);
      expect(await publishLargeBatch()).toBe(200);
      await publish(scene.broker.target, '/events', '"last"');
      acknowledged.push('"last"');
      expect(await live.waitForEvents(acknowledged.length)).toEqual(acknowledged);
      expect(await readEverything()).toEqual(acknowledged);
      expect(scene.broker.messages).toEqual(
        expect.arrayContaining(['event log failing', 'event log working again']),
      );
    });

    test('what was stored is there after a restart, once and in order', async () => {
      live.close();
      await scene.broker.kill();
      await scene.broker.launch();
      expect(await readEverything()).toEqual(acknowledged);
      live = await StreamReader.open(scene.broker.target, '/');
    });
  });
});

// One delivery at a time in a repository: a lock that the kernel gives back, however its holder ends. A helper process
// holds it (node can't) for as long as its standard input is open, which is as long as we live.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { makeDirectory } from '../files/durable-files.ts';
import { openForAppending } from '../files/file-owner.ts';

/** A lock that is held. */
export interface DeliveryLock {
  /** @throws Error if the helper was killed and so the lock is gone */
  readonly check: () => void;
  /** Gives the lock back; resolves when others can have it. */
  readonly release: () => Promise<void>;
}

type Helper = ChildProcessByStdio<Writable, Readable, null>;

// What says that the lock is taken: flock(1) so, and the other does as it does.
const TAKEN_STATUS = 1;

// Either prints what it reads once it has the lock. flock is in util-linux and busybox, Perl wherever git is whole.
const PERL_LOCK =
  'use Fcntl ":flock"; open(F, ">>", shift) or exit 2; flock(F, LOCK_EX | shift) or exit 1; $| = 1; print while <>';
const LOCK_NB = '4';

/**
 * Takes the lock, waiting for it as long as that, but at least as long as the helper needs to start.
 * @returns undefined if somebody else has it
 * @throws Error if there is no way to lock
 */
export async function takeLock(path: string, waitMs: number): Promise<DeliveryLock | undefined> {
  // Why not left to the helper: it would follow a link, and make the file root's own.
  await makeDirectory(dirname(path));
  await (await openForAppending(path)).close();
  const isPatient = waitMs > 0;
  const flock = isPatient ? [path, 'cat'] : ['-n', path, 'cat'];
  const helper = (await startHelper('flock', flock)) ?? (await startPerl(path, isPatient));
  if (helper === undefined) throw new Error('Neither flock (util-linux) nor Perl is there to lock with.');
  const timer = isPatient ? setTimeout(() => giveUp(helper), waitMs) : undefined;
  const [answer] = (await Promise.race([once(helper.stdout, 'data'), once(helper, 'close')])) as unknown[];
  clearTimeout(timer);
  if (answer === TAKEN_STATUS || helper.killed) return undefined;
  if (answer instanceof Buffer) return heldBy(helper);
  throw new Error(`The lock ${path} can't be had: ${helper.spawnfile} ended with status ${String(answer)}.`);
}

function startPerl(path: string, isPatient: boolean): Promise<Helper | undefined> {
  return startHelper('perl', ['-e', PERL_LOCK, path, isPatient ? '0' : LOCK_NB]);
}

async function startHelper(program: string, args: readonly string[]): Promise<Helper | undefined> {
  const helper = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  helper.stdin.on('error', ignore); // Why: a helper that ends is known by its status.
  helper.stdin.write('locked\n');
  try {
    await once(helper, 'spawn');
    return helper;
  } catch {
    return undefined;
  }
}

// Why both: a helper that gets the lock at this very moment ends with its input.
function giveUp(helper: Helper): void {
  helper.stdin.end();
  helper.kill();
}

function heldBy(helper: Helper): DeliveryLock {
  const end = once(helper, 'close');
  helper.stdout.resume(); // Why: it ends only once it has been read.
  return {
    check: () => {
      if (helper.exitCode !== null || helper.signalCode !== null)
        throw new Error('The lock was lost: its helper process has ended.');
    },
    release: async () => {
      helper.stdin.end();
      await end;
    },
  };
}

function ignore(): void {}

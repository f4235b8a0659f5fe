// A sandbox and a recorder for one test, and a push that is delivered in this process.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { deliver, type DeliveryReport } from '../../src/hook/delivery.ts';
import type { Environment } from '../../src/hook/git.ts';
import { GitRecorder } from './git-recorder.ts';
import { GIT_ENVIRONMENT, GitSandbox, type SandboxOptions } from './git-sandbox.ts';

/** What a test of the hook works with. */
export interface GitFixture {
  readonly sandbox: GitSandbox;
  readonly recorder: GitRecorder;
  /** Pushes for real, with the hook, and delivers. Gives why something waits. */
  readonly announce: (...pushArgs: string[]) => Promise<string | undefined>;
  /** Pushes for real, with the hook, which leaves the push in the spool. */
  readonly push: (...pushArgs: string[]) => Promise<void>;
  /** Delivers what waits, in one try, with these variables beside the usual. */
  readonly deliver: (environment?: Environment) => Promise<DeliveryReport>;
}

/** Sets up for the running test; all of it goes when the test ends. */
export async function setUpGit(options: SandboxOptions = {}): Promise<GitFixture> {
  const recorder = await GitRecorder.start();
  const sandbox = new GitSandbox(options);
  appendFileSync(join(sandbox.bare, 'config'), `\turl = ${recorder.url}\n`); // Why so: git takes its time.
  onTestFinished(() => {
    sandbox.remove();
    return recorder.stop();
  });
  const push = (...pushArgs: string[]): Promise<void> => pushOnly(sandbox, pushArgs);
  const announce = async (...pushArgs: string[]): Promise<string | undefined> => {
    await push(...pushArgs);
    return (await deliverOnce(sandbox.bare)).failure;
  };
  return {
    sandbox,
    recorder,
    push,
    announce,
    deliver: (environment) => deliverOnce(sandbox.bare, environment),
  };
}

/** Delivers what waits in a repository, in one try. */
export function deliverOnce(gitDirectory: string, environment: Environment = {}): Promise<DeliveryReport> {
  const whole = { ...GIT_ENVIRONMENT, ...environment };
  return deliver(gitDirectory, { environment: whole, retryForMs: 0, lockWaitMs: 0, settleMs: 0 });
}

async function pushOnly(sandbox: GitSandbox, pushArgs: readonly string[]): Promise<void> {
  const { status, stderr } = await sandbox.push({}, 'origin', ...pushArgs);
  if (status !== 0 || stderr !== '') throw new Error(`git push ended with ${status}: ${stderr}`);
}

// A sandbox and a recorder for one test, and a push that is announced in this process.
import { onTestFinished } from 'vitest';
import { announcePush } from '../../src/hook/announce.ts';
import { GitRecorder } from './git-recorder.ts';
import { GIT_ENVIRONMENT, GitSandbox, type SandboxOptions } from './git-sandbox.ts';

/** What a test of the hook works with. */
export interface GitFixture {
  readonly sandbox: GitSandbox;
  readonly recorder: GitRecorder;
  /** Pushes for real, then announces the lines git gave to the hook. Gives what the hook would print. */
  readonly announce: (...pushArgs: string[]) => Promise<string | undefined>;
}

/** Sets up for the running test; all of it goes when the test ends. */
export async function setUpGit(options: SandboxOptions = {}): Promise<GitFixture> {
  const recorder = await GitRecorder.start();
  const sandbox = new GitSandbox(options);
  sandbox.bareGit('config', 'gitpubsub.url', recorder.url);
  onTestFinished(() => {
    sandbox.remove();
    return recorder.stop();
  });
  return { sandbox, recorder, announce: (...pushArgs) => announce(sandbox, pushArgs) };
}

async function announce(sandbox: GitSandbox, pushArgs: readonly string[]): Promise<string | undefined> {
  const { status, stderr } = await sandbox.push({}, 'origin', ...pushArgs);
  if (status !== 0) throw new Error(`git push failed: ${stderr}`);
  return announcePush(sandbox.pushedRefs(), { ...GIT_ENVIRONMENT, GIT_DIR: sandbox.bare });
}

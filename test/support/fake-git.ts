// A git that does as git does, but for what a test wants: it stands before the real one on the PATH.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deliver, type DeliveryReport } from '../../src/hook/delivery.ts';
import { GIT_ENVIRONMENT, type GitSandbox } from './git-sandbox.ts';

/** Delivers what waits, in one try, with a git that runs a line of shell first; `$1` in it is git's command. */
export function deliverWithGit({ root, bare }: GitSandbox, line: string): Promise<DeliveryReport> {
  const bin = join(root, 'fake');
  const git = execFileSync('sh', ['-c', 'command -v git']).toString().trim();
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'git'), `#!/bin/sh\n${line}\nexec '${git}' "$@"\n`, { mode: 0o755 });
  const environment = { ...GIT_ENVIRONMENT, PATH: `${bin}:${GIT_ENVIRONMENT['PATH']}` };
  return deliver(bare, { environment, retryForMs: 0, lockWaitMs: 0, settleMs: 0 });
}

// A directory for one test, gone after it.
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Creates a directory; the running test removes it when it has finished, after what it registers later. */
export function createTemporaryDirectory(): string {
  const directory = mkdtempSync(join(findRoot(), 'gitpubsub-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

// Why: where files live in memory, waiting for a disk costs nothing; and no test here is about a disk.
function findRoot(): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}

// The command line behind an installed hook: knows every process that the hook starts, and leaves none of them running.
import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pollUntil } from './deadline.ts';
import type { GitSandbox } from './git-sandbox.ts';

/** The built command line. */
export const CLI_PATH: string = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** What the hook of one sandbox runs in the background. Dispose of it before the sandbox. */
export class BackgroundDelivery {
  readonly #root: string;

  /** Stands between the hook and a shell command, the built command line by default. */
  constructor(sandbox: GitSandbox, command: string = `'${process.execPath}' '${CLI_PATH}'`) {
    this.#root = sandbox.root;
    writeFileSync(this.path, `#!/bin/sh\necho $$ >>'${this.#pidFile}'\nexec ${command} "$@"\n`, {
      mode: 0o755,
    });
    sandbox.setCommand(this.path);
  }

  /** The program that the hook is told to run. */
  get path(): string {
    return join(this.#root, 'gitpubsub');
  }

  /** The processes that have been started, the first first. */
  get pids(): readonly number[] {
    if (!existsSync(this.#pidFile)) return [];
    return readFileSync(this.#pidFile, 'utf8').split('\n').slice(0, -1).map(Number);
  }

  /** Those that run still. */
  get running(): readonly number[] {
    return this.pids.filter((pid) => this.#isOurs(pid));
  }

  /** Resolves once something has been started, and nothing runs any more. */
  async finish(deadlineMs?: number): Promise<void> {
    await pollUntil(
      () => (this.pids.length > 0 && this.running.length === 0 ? true : undefined),
      `the deliveries ${this.pids.join()} end`,
      deadlineMs,
    );
  }

  /** Kills those that run, as a machine does that goes down. */
  kill(): void {
    for (const pid of this.running) killIfThere(pid);
  }

  async dispose(): Promise<void> {
    await pollUntil(() => {
      this.kill();
      return this.running.length === 0 ? true : undefined;
    }, 'the deliveries are dead');
  }

  get #pidFile(): string {
    return join(this.#root, 'pids');
  }

  // Why by its directory: the number may belong to somebody else by now, and a process that nobody buries has none.
  #isOurs(pid: number): boolean {
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(this.#root);
    } catch {
      return false;
    }
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Why: it may have ended by itself a moment ago.
  }
}

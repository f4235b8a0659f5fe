// Whether the database's files are still those that were opened. SQLite does not notice that somebody deletes or replaces
// them, and goes on writing where nobody will ever read.
import { renameSync, rmSync, statSync } from 'node:fs';
import { basename } from 'node:path';

/** What the database consists of while it is open: what commits go to, and what keeps others from spoiling it. */
const DATA_SUFFIXES = ['', '-wal'];
const GUARD_SUFFIXES = ['-shm', '.lock'];

/** Knows the files of one open database. */
export class FileWatch {
  readonly #file: string;
  readonly #known = new Map<string, string>();
  #problem: string | undefined;

  /** `file`: the database's own. */
  constructor(file: string) {
    this.#file = file;
    for (const suffix of [...DATA_SUFFIXES, ...GUARD_SUFFIXES])
      this.#known.set(suffix, identify(file + suffix) ?? '');
  }

  /** What is wrong, and the way out; `undefined` when nothing is. */
  check(): string | undefined {
    this.#problem = this.#lookAt([...DATA_SUFFIXES, ...GUARD_SUFFIXES]);
    return this.#problem;
  }

  /** As {@link FileWatch.check}, but looks only at what commits go to; the rest is as the last check found it. */
  checkData(): string | undefined {
    return this.#problem ?? this.#lookAt(DATA_SUFFIXES);
  }

  /**
   * Once the database is closed: puts aside what still lies beside a file that isn't ours any more, for SQLite would take it
   * for that file's own and destroy that.
   */
  putAsideLeftovers(): void {
    if (this.#isOurs('')) return;
    if (this.#isOurs('-wal')) renameSync(`${this.#file}-wal`, `${this.#file}-wal.left`);
    if (this.#isOurs('-shm')) rmSync(`${this.#file}-shm`);
  }

  #lookAt(suffixes: readonly string[]): string | undefined {
    for (const suffix of suffixes) {
      const [path, knownId] = [this.#file + suffix, this.#known.get(suffix)];
      const id = look(path);
      if (id instanceof Error) return `its file ${basename(path)} cannot be looked at (${id.message})`;
      if (id === knownId) continue;
      if (knownId !== '')
        return `its file ${basename(path)} was deleted, moved or replaced; put that very file back, or restart the broker to go on with what is there now`;
      if (id !== undefined) this.#known.set(suffix, id); // SQLite makes the others when it first needs them.
    }
    return undefined;
  }

  #isOurs(suffix: string): boolean {
    return look(this.#file + suffix) === this.#known.get(suffix);
  }
}

// Why not thrown: whoever only looks now and then has nobody to throw to.
function look(path: string): string | undefined | Error {
  try {
    return identify(path);
  } catch (error) {
    return error as Error;
  }
}

function identify(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}

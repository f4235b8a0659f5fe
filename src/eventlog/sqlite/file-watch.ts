// Whether the database's files are still those that were opened. SQLite does not notice that somebody deletes or replaces
// them, and goes on writing where nobody will ever read.
import { statSync } from 'node:fs';
import { basename } from 'node:path';

/** What the database consists of while it is open. */
const SUFFIXES = ['', '-wal', '-shm'];

/** Knows the files of one open database. */
export class FileWatch {
  readonly #known = new Map<string, string>();

  /** `file`: the database's own. */
  constructor(file: string) {
    for (const suffix of SUFFIXES) this.#known.set(file + suffix, identify(file + suffix) ?? '');
  }

  /** What is wrong, and the way out; `undefined` when nothing is. */
  check(): string | undefined {
    for (const [path, knownId] of this.#known) {
      const id = identify(path);
      if (id === knownId) continue;
      if (knownId !== '')
        return `its file ${basename(path)} was deleted, moved or replaced; put that very file back, or restart the broker to go on with what is there now`;
      if (id !== undefined) this.#known.set(path, id); // SQLite makes the others when it first needs them.
    }
    return undefined;
  }
}

function identify(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}

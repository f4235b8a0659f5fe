// The pushes that hooks have noted and no delivery has taken in: one file each, named by the time.
import { randomBytes } from 'node:crypto';
import { lstat, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  listIfThere,
  makeDirectory,
  readIfThere,
  replaceFile,
  syncDirectory,
} from '../files/durable-files.ts';
import { parseSpooledPush, type SpooledPush } from './spooled-push.ts';

const SUFFIX = '.push';

const MS_DIGITS = 3;

/** The spool of one repository. A push is called by its file's name without the suffix. */
export class Spool {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The names of all pushes, the first to arrive first. */
  async list(): Promise<string[]> {
    const names = await listIfThere(this.#directory);
    return names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
  }

  /** Reads a push; undefined if what is there is no regular file or holds no push. @throws Error if it can't be read */
  async read(name: string): Promise<SpooledPush | undefined> {
    const stats = await lstat(this.#path(name));
    if (!stats.isFile()) return undefined; // Why: opening a pipe would wait for its other end.
    const record = await readIfThere(this.#path(name));
    try {
      return record === undefined ? undefined : parseSpooledPush(record);
    } catch {
      return undefined;
    }
  }

  /** Notes a push, for a hook that could not. */
  async add(name: string, record: Buffer): Promise<void> {
    await makeDirectory(this.#directory);
    await replaceFile(this.#path(name), record);
  }

  /** Removes a push for good. */
  async remove(name: string): Promise<void> {
    await rm(this.#path(name), { force: true });
    await syncDirectory(this.#directory);
  }

  /** Takes what is no push out of the way. Gives the name it has now. */
  async setAside(name: string): Promise<string> {
    const path = `${this.#path(name)}.damaged`;
    await rename(this.#path(name), path);
    return path;
  }

  #path(name: string): string {
    return join(this.#directory, name + SUFFIX);
  }
}

/** A name for a push that arrives now, of the form that the hook gives. */
export function namePush(timeMs: number): string {
  const seconds = Math.floor(timeMs / 1000);
  const nanoseconds = String(timeMs % 1000).padStart(MS_DIGITS, '0') + '000000';
  return `${seconds}.${nanoseconds}-${randomBytes(8).toString('hex')}`;
}

/** When a push of that name arrived, in milliseconds since 1970; 0 for a name that no hook has given. */
export function arrivalMs(name: string): number {
  return Number(/^(\d{1,12})\./.exec(name)?.[1] ?? 0) * 1000;
}

// Reading the files that the configuration names.
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';

/** Reads a file as text; throws as `node:fs` does. */
export type ReadFile = (path: string) => string;

/** Far beyond what anybody configures; a file is held in memory several times over while it is checked. */
const MAX_FILE_MIB = 16;

/** Reads the file from the disk, blocking. */
export const readFromDisk: ReadFile = (path) => {
  // Why: opening a pipe would wait for its other end, and with it the broker that reads its files anew.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error('it is no regular file');
    if (stats.size > MAX_FILE_MIB * 1_048_576)
      throw new Error(`it has ${stats.size} bytes; at most ${MAX_FILE_MIB} MiB are allowed`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
};

const READABLE_BY_ALL = 0o004;

/** What to say of a file that every account of the machine can read, and that holds secrets, `what`; none of other files. */
export function warnIfReadableByAll(path: string, what: string): string[] {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & READABLE_BY_ALL) === 0) return [];
  return [`${path}: every account of this machine can read ${what}; chmod 600 mends that.`];
}

/** A file's text, or why it could not be read, a sentence. */
export type FileText = { readonly text: string } | { readonly problem: string };

/** Reads a file; `name` is what it is called in the problem. */
export function readText(path: string, readFile: ReadFile, name: string): FileText {
  try {
    return { text: readFile(path) };
  } catch (error) {
    return { problem: `${path}: the ${name} cannot be read: ${describe(error)}.` };
  }
}

// Why: Node's own message repeats the path and the system call.
function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/, \w+( '.*')?$/s, '');
}

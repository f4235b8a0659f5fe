// Reading the files that the configuration names.
import { readFileSync } from 'node:fs';
import { toPrintable } from '../core/printable.ts';

/** Reads a file as text; throws as `node:fs` does. */
export type ReadFile = (path: string) => string;

/** Reads the file from the disk, blocking. */
export const readFromDisk: ReadFile = (path) => readFileSync(path, 'utf8');

/** A file's text, or why it could not be read, a sentence. */
export type FileText = { readonly text: string } | { readonly problem: string };

/** Reads a file; `name` is what it is called in the problem. */
export function readText(path: string, readFile: ReadFile, name: string): FileText {
  try {
    return { text: readFile(path) };
  } catch (error) {
    return { problem: toPrintable(`${path}: the ${name} cannot be read: ${describe(error)}.`) };
  }
}

// Why: Node's own message repeats the path and the system call.
function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/, \w+( '.*')?$/s, '');
}

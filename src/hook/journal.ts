// A small file in the repository that says what went wrong, for people. It is no help to anyone if it can't be written.
import { rename } from 'node:fs/promises';
import { toOneLine } from '../core/printable.ts';
import { openForAppending } from '../files/file-owner.ts';

// Largest file; beyond it the file becomes the old one, of which there is one.
const MAX_JOURNAL_BYTES = 64 * 1024;

/** Appends a line with the time. Resolves always. */
export async function addToJournal(path: string, message: string): Promise<void> {
  try {
    const file = await openForAppending(path);
    try {
      await file.writeFile(`${new Date().toISOString()} ${toOneLine(message)}\n`);
      if ((await file.stat()).size > MAX_JOURNAL_BYTES) await rename(path, `${path}.old`);
    } finally {
      await file.close();
    }
  } catch {
    // Why: a full disk must not keep events from being published.
  }
}

// Lines on standard output, at the pace of whoever reads them.

import { toPrintable } from '../core/printable.ts';

const BROKEN_PIPE = 'EPIPE';

/** What may be printed. */
export const OUTPUT_FORMS = ['json', 'text'] as const;

/** Resolves when the line has left; on a terminal it steers nothing, and stays one line. @throws Error `EPIPE` if nobody reads any more */
export function printLine(line: string): Promise<void> {
  const text = process.stdout.isTTY ? toPrintable(line) : line;
  return new Promise((resolve, reject) => {
    process.stdout.write(`${text}\n`, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Whether an error says that the reader has left, such as `head`. */
export function isReaderGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === BROKEN_PIPE;
}

// What a push did, as git tells its hooks: `<before> <after> <ref>` lines.
import type { RefType } from '../core/commit-event.ts';
import { refType } from '../core/ref.ts';
import { decodeText, type Text } from '../core/text.ts';

/** One ref of a push. */
export interface RefUpdate {
  /** The object it named before; all zeros if it is new. */
  readonly before: string;
  /** The object it names now; all zeros if it was deleted. */
  readonly after: string;
  /** Its full name. */
  readonly ref: Text;
  /** Its full name, one character a byte: to be compared with other such names. */
  readonly refBytes: string;
  readonly type: RefType;
}

const LINE = /^([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) (refs\/.+)$/;

/**
 * Parses the lines of one push; those that changed nothing fall away. `prefix` goes before each name, one character a byte.
 * @throws Error for a line of another form
 */
export function parseRefUpdates(lines: Buffer, prefix: string = ''): RefUpdate[] {
  return lines
    .toString('latin1') // Why: it keeps every byte, so a name that is not UTF-8 is not lost.
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => parseRefUpdate(line, prefix))
    .filter((update) => update.before !== update.after);
}

function parseRefUpdate(line: string, prefix: string): RefUpdate {
  const [, before, after, name] = LINE.exec(line) ?? [];
  if (before === undefined || after === undefined || name === undefined) {
    throw new Error(`${JSON.stringify(line)} is no "<old> <new> <ref>" with two full hashes and a full ref.`);
  }
  const refBytes = prefix + name;
  return {
    before,
    after,
    refBytes,
    ref: decodeText(Buffer.from(refBytes, 'latin1')),
    type: refType(refBytes),
  };
}

// What hooks/post-receive notes of a push, read back. Pure: knows no files.
import { cutText, MAX_IDENTITY_BYTES } from './limits.ts';
import { parseRefUpdates, type RefUpdate } from './ref-update.ts';
import { decodeText, type Text } from './text.ts';

/** A push as its hook saw it. */
export interface SpooledPush {
  readonly updates: readonly RefUpdate[];
  /** Who pushed; undefined if the server does not say. */
  readonly pusher: Text | undefined;
  readonly options: readonly Text[];
  /** Where its events go, topic and all, if its environment said so; empty if not. */
  readonly url: string;
}

/**
 * Reads a record: `<name>=<value>` fields, then the lines git gave the hook, all divided by NUL.
 * @throws Error if the lines are no ref updates
 */
export function parseSpooledPush(record: Buffer): SpooledPush {
  const fields = record.toString('latin1').split('\0'); // Why: it keeps every byte.
  const updates = parseRefUpdates(Buffer.from(fields.pop() ?? '', 'latin1'));
  const valuesOf = (name: string): Buffer[] =>
    fields
      .filter((field) => field.startsWith(`${name}=`))
      .map((field) => Buffer.from(field.slice(name.length + 1), 'latin1'));
  const [pusher] = valuesOf('pusher').filter((value) => value.length > 0);
  return {
    updates,
    pusher: pusher === undefined ? undefined : decodeText(cutText(pusher, MAX_IDENTITY_BYTES)),
    options: valuesOf('option').map((value) => decodeText(value)),
    url: valuesOf('url').join(''),
  };
}

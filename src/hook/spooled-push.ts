// What hooks/post-receive notes of a push, read back. Pure: knows no files.
import { cutText, MAX_IDENTITY_BYTES } from '../core/event-limits.ts';
import { decodeText, type Text } from '../core/text.ts';
import { parseRefUpdates, type RefUpdate } from './ref-update.ts';

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
 * Reads a record: `<name>=<value>` fields, then the lines git gave the hook, all divided by NUL, and a NUL at the end.
 * @throws Error if it is none or a part of one
 */
export function parseSpooledPush(record: Buffer): SpooledPush {
  const { fields, lines } = divideRecord(record.toString('latin1')); // Why: it keeps every byte.
  const valuesOf = (name: string): Buffer[] =>
    fields
      .filter((field) => field.startsWith(`${name}=`))
      .map((field) => Buffer.from(field.slice(name.length + 1), 'latin1'));
  const namespace = Buffer.concat(valuesOf('namespace')).toString('latin1');
  const [pusher] = valuesOf('pusher').filter((value) => value.length > 0);
  return {
    updates: parseRefUpdates(Buffer.from(lines, 'latin1'), namespacePrefix(namespace)),
    pusher: pusher === undefined ? undefined : decodeText(cutText(pusher, MAX_IDENTITY_BYTES)),
    options: valuesOf('option').map((value) => decodeText(value)),
    url: valuesOf('url').join(''),
  };
}

// Records of the first version have no namespace, and nothing at their end.
function divideRecord(record: string): { fields: string[]; lines: string } {
  const fields = record.split('\0');
  const isMarked = fields.some((field) => field.startsWith('namespace='));
  const mark = isMarked ? fields.pop() : '';
  const lines = fields.pop() ?? '';
  if (mark !== '' || lines === '' || !fields.every((field) => field.includes('=')))
    throw new Error('The record of a push is not whole.');
  return { fields, lines };
}

// Where the refs of a namespace really are. Source: gitnamespaces(7)
function namespacePrefix(namespace: string): string {
  const names = namespace.split('/');
  return names.map((name) => (name === '' ? '' : `refs/namespaces/${name}/`)).join('');
}

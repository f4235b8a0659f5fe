// What the settings that are text must look like: hosts, paths, web origins.
import { parseAddress } from '../access/address.ts';
import { GitPubSubError } from '../core/errors.ts';

/** Longest path of a Unix domain socket in bytes, as Linux has it; a longer one would be cut or refused by the system. */
const MAX_SOCKET_PATH_BYTES = 107;

/** Longest host name in characters, as DNS has it. */
const MAX_HOST_CHARACTERS = 253;

const HOST_NAME = /^(?!-)[a-z\d-]{1,63}(?<!-)(\.(?!-)[a-z\d-]{1,63}(?<!-))*$/i;

/** Whether the text is an IP address in full or a host name. */
export function isHost(text: string): boolean {
  if (parseAddress(text)) return true;
  // Why: the system reads a last label like `1` or `0x7f` as a number, so `127.1` and `0` would be addresses after all.
  const endsInNumber = /(^|\.)(\d+|0x[\da-f]*)$/i.test(text);
  return HOST_NAME.test(text) && text.length <= MAX_HOST_CHARACTERS && !endsInNumber;
}

/** Whether the text can be the path of a Unix domain socket. */
export function isSocketPath(text: string): boolean {
  return isFilePath(text) && Buffer.byteLength(text) <= MAX_SOCKET_PATH_BYTES;
}

/** Whether the text can be the path of the database; SQLite's `:memory:` is none, since the log must outlive the broker. */
export function isDatabasePath(text: string): boolean {
  return isFilePath(text) && text !== ':memory:';
}

/**
 * Checks that the text is exactly what a browser sends as `Origin`.
 * @throws GitPubSubError `invalid-configuration`
 */
export function parseOrigin(text: string): string {
  if (text.includes('*'))
    throw refuse(text, `would let any page it matches publish through its visitor's browser`);
  const origin = URL.canParse(text) ? new URL(text).origin : 'null';
  if (!/^https?:/.test(origin)) throw refuse(text, 'is no web origin');
  if (origin !== text) throw refuse(text, `is not how browsers send it, which is ${origin}`);
  return text;
}

/** Whether the text can be the path of a file. */
export function isFilePath(text: string): boolean {
  return text !== '' && !text.includes('\0');
}

function refuse(text: string, complaint: string): GitPubSubError {
  return new GitPubSubError(
    'invalid-configuration',
    `${JSON.stringify(text)} ${complaint}; allowed is an exact origin such as https://example.org.`,
  );
}

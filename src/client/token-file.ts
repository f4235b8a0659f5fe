// A token in a file. Knows nothing of who wants it.
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { GitPubSubError } from '../core/errors.ts';
import { describeError } from './answer.ts';
import { describeBadToken, isToken } from './token.ts';

// What is read of a file: more than a token can have, so that a longer one is noticed.
const MAX_FILE_BYTES = 8_192;

const READABLE_BY_ALL = 0o004;

/** What stands in a file, and what the file is. */
export interface TokenFile {
  readonly token: string;
  /** Whether every account of the machine may read it. */
  readonly isReadableByAll: boolean;
  /** A pipe gives it only once. */
  readonly isPipe: boolean;
}

/** What is taken for a token file. */
export interface TokenFileRules {
  /** A pipe as well, whose other end is waited for. */
  readonly takesPipe?: boolean;
  /** The account that it must belong to. */
  readonly ownerUid?: number | undefined;
}

/** Reads the token, without the white space around it. @throws GitPubSubError `unreadable-input`; it names the file */
export async function readTokenFile(path: string, rules: TokenFileRules = {}): Promise<TokenFile> {
  // Why: opening a pipe would wait for its other end.
  const flags = rules.takesPipe === true ? constants.O_RDONLY : constants.O_RDONLY | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((error: unknown) => fail(path, describeError(error)));
  try {
    return await readOpened(file, path, rules);
  } finally {
    await file.close().catch(() => undefined);
  }
}

async function readOpened(
  file: FileHandle,
  path: string,
  { takesPipe = false, ownerUid }: TokenFileRules,
): Promise<TokenFile> {
  const stats = await file.stat();
  const isPipe = stats.isFIFO();
  if (!stats.isFile() && !(takesPipe && isPipe)) fail(path, 'it is no regular file');
  if (ownerUid !== undefined && stats.uid !== ownerUid)
    fail(path, `it belongs to account ${stats.uid}, not to ${ownerUid} as the repository`);
  const content = await buffer(file.createReadStream({ end: MAX_FILE_BYTES, autoClose: false })).catch(
    (error: unknown) => fail(path, describeError(error)),
  );
  const token = content.toString().trim();
  if (!isToken(token))
    throw new GitPubSubError('unreadable-input', `The token file ${path} ${describeBadToken(token)}.`);
  return { token, isReadableByAll: !isPipe && (stats.mode & READABLE_BY_ALL) !== 0, isPipe };
}

function fail(path: string, reason: string): never {
  throw new GitPubSubError('unreadable-input', `The token file ${path} can't be read: ${reason}`);
}

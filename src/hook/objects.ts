// Reads commit and tag objects: any number of them from one `git cat-file`.
import { ByteReader } from './byte-reader.ts';
import { UnreadableHistory, type Git } from './git.ts';

/** An object as git stores it. */
export interface GitObject {
  readonly hash: string;
  readonly type: string;
  readonly content: Buffer;
  /** The object is larger than what is kept of it. */
  readonly isCut: boolean;
}

/** What is read of a commit or tag object, in bytes; the rest of a larger one is skipped, to spare memory. */
export const MAX_OBJECT_BYTES = 1_048_576;

const LINE_FEED = 0x0a;

/**
 * Reads objects in the order asked for.
 * @throws UnreadableHistory if one is missing
 */
export async function* readObjects(
  git: Git,
  hashes: readonly string[],
): AsyncGenerator<GitObject, void, undefined> {
  if (hashes.length === 0) return;
  const reader = new ByteReader(git.stream(['cat-file', '--batch', '--buffer'], hashes.join('\n') + '\n'));
  try {
    for (;;) {
      const head = await reader.readUntil(LINE_FEED);
      if (head === undefined) return;
      yield await readObject(reader, head.toString('latin1'));
    }
  } finally {
    await reader.close();
  }
}

/**
 * Follows tags to the commits they name.
 * @returns by the hash asked for that of the commit, undefined for what leads to none; what is missing is left out
 * @throws UnreadableHistory if one is there and can't be read
 */
export async function peelToCommits(
  git: Git,
  hashes: readonly string[],
): Promise<Map<string, string | undefined>> {
  const peeled = new Map<string, string | undefined>();
  if (hashes.length === 0) return peeled;
  const input = hashes.map((hash) => `${hash}^{}\n`).join('');
  const reader = new ByteReader(git.stream(['cat-file', '--batch-check', '--buffer'], input));
  for (const hash of hashes) {
    const line = (await reader.readUntil(LINE_FEED))?.toString('latin1') ?? '';
    const [object, type, size] = line.split(' ');
    if (size !== undefined) peeled.set(hash, type === 'commit' ? object : undefined);
  }
  await reader.close();
  return peeled;
}

/** As {@link peelToCommits}, but what can't be read is left out like what is missing. */
export async function peelReadable(
  git: Git,
  hashes: readonly string[],
): Promise<Map<string, string | undefined>> {
  try {
    return await peelToCommits(git, hashes);
  } catch (error) {
    if (!(error instanceof UnreadableHistory)) throw error;
    if (hashes.length <= 1) return new Map();
    // Why: git stops at the first that it can't read.
    const half = Math.ceil(hashes.length / 2);
    const first = await peelReadable(git, hashes.slice(0, half));
    return new Map([...first, ...(await peelReadable(git, hashes.slice(half)))]);
  }
}

/**
 * Whether git says of one of these objects that there is none. Why by peeling: asked for an object alone, it also calls
 * missing what it can't open or unpack; asked for what that leads to, it gives up.
 */
export async function isAnyGone(git: Git, hashes: readonly string[]): Promise<boolean> {
  try {
    const peeled = await peelToCommits(git, hashes);
    return hashes.some((hash) => !peeled.has(hash));
  } catch (error) {
    if (error instanceof UnreadableHistory) return false;
    throw error;
  }
}

async function readObject(reader: ByteReader, head: string): Promise<GitObject> {
  const [hash = '', type = '', size = ''] = head.split(' ');
  if (size === '') throw new UnreadableHistory(`The object ${hash} is ${type}.`, [hash]);
  const sizeBytes = Number(size);
  const content = await reader.read(sizeBytes, MAX_OBJECT_BYTES);
  await reader.readUntil(LINE_FEED);
  return { hash, type, content, isCut: content.length < sizeBytes };
}

// Reads commit and tag objects: any number of them from one `git cat-file`.
import { ByteReader } from './byte-reader.ts';
import { UnreadableHistory, type Git } from './git.ts';
import { MAX_OBJECT_BYTES } from './limits.ts';

/** An object as git stores it. */
export interface GitObject {
  readonly hash: string;
  readonly type: string;
  readonly content: Buffer;
  /** The object is larger than what is kept of it. */
  readonly isCut: boolean;
}

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

async function readObject(reader: ByteReader, head: string): Promise<GitObject> {
  const [hash = '', type = '', size = ''] = head.split(' ');
  if (size === '') throw new UnreadableHistory(`The object ${hash} is ${type}.`);
  const sizeBytes = Number(size);
  const content = await reader.read(sizeBytes, MAX_OBJECT_BYTES);
  await reader.readUntil(LINE_FEED);
  return { hash, type, content, isCut: content.length < sizeBytes };
}

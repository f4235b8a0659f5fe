// Reads commit and tag objects: any number of them from one `git cat-file`.
import { ByteReader } from './byte-reader.ts';
import type { Git } from './git.ts';
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
 * @throws Error if one is missing
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
 * Follows tags to the commits they name; an object that leads to no commit is left out.
 * @returns the commit's hash by that of the object asked for
 */
export async function peelToCommits(git: Git, hashes: readonly string[]): Promise<Map<string, string>> {
  const commits = new Map<string, string>();
  if (hashes.length === 0) return commits;
  const input = hashes.map((hash) => `${hash}^{commit}\n`).join('');
  const reader = new ByteReader(git.stream(['cat-file', '--batch-check', '--buffer'], input));
  for (const hash of hashes) {
    const line = (await reader.readUntil(LINE_FEED))?.toString('latin1') ?? '';
    const [commit, type] = line.split(' ');
    if (commit !== undefined && type === 'commit') commits.set(hash, commit);
  }
  await reader.close();
  return commits;
}

async function readObject(reader: ByteReader, head: string): Promise<GitObject> {
  const [hash = '', type = '', size = ''] = head.split(' ');
  if (size === '') throw new Error(`The object ${hash} is ${type}.`);
  const sizeBytes = Number(size);
  const content = await reader.read(sizeBytes, MAX_OBJECT_BYTES);
  await reader.readUntil(LINE_FEED);
  return { hash, type, content, isCut: content.length < sizeBytes };
}

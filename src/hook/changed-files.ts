// Which paths each commit changed, for any number of commits from one `git diff-tree`.
import { MAX_FILES_COUNT } from '../core/event-limits.ts';
import { ByteReader } from './byte-reader.ts';
import type { Git } from './git.ts';
import type { NewCommit } from './new-commits.ts';

/** What a commit changed against its first parent; a root commit against nothing. */
export interface ChangedFiles {
  readonly count: number;
  /** The first {@link MAX_FILES_COUNT} paths, in git's order. */
  readonly paths: readonly Buffer[];
}

const NUL = 0;
const COLON = 0x3a;

// Why --raw and not --name-only: a path can look like the next commit's hash, but the line before it cannot.
const DIFF_TREE = ['diff-tree', '--stdin', '--always', '--root', '-r', '-z', '--raw', '--no-renames'];

/** Reads the changes of each commit, in the order given. */
export async function* readChangedFiles(
  git: Git,
  commits: readonly NewCommit[],
): AsyncGenerator<ChangedFiles, void, undefined> {
  if (commits.length === 0) return;
  // Why: a line with a parent is diffed with that one alone, which makes merges like any other commit.
  const input = commits.map(({ hash, parents }) => `${[hash, ...parents.slice(0, 1)].join(' ')}\n`).join('');
  const reader = new ByteReader(git.stream([...DIFF_TREE, '--ignore-submodules=none'], input));
  try {
    yield* parseChangedFiles(reader);
  } finally {
    await reader.close();
  }
}

// The output: for each commit its hash, then for each path a field that starts with a colon and one with the path.
async function* parseChangedFiles(reader: ByteReader): AsyncGenerator<ChangedFiles, void, undefined> {
  await reader.readUntil(NUL);
  for (let isLast = false; !isLast;) {
    const paths: Buffer[] = [];
    let count = 0;
    let field = await reader.readUntil(NUL);
    for (; field?.[0] === COLON; field = await reader.readUntil(NUL)) {
      const path = await reader.readUntil(NUL);
      // Why a copy: the path itself would hold on to the whole chunk it came in.
      if (path !== undefined && count < MAX_FILES_COUNT) paths.push(Buffer.from(path));
      count++;
    }
    yield { count, paths };
    isLast = field === undefined;
  }
}

// Which commits some tips reach and others don't, and with which tip each is announced.
import { ByteReader } from './byte-reader.ts';
import { UnreadableHistory, type Git } from './git.ts';

/** A commit to be announced. */
export interface NewCommit {
  readonly hash: string;
  readonly parents: readonly string[];
}

/** What has been announced before. */
export interface KnownCommits {
  /** All that these reach. */
  readonly tips: readonly string[];
  /** Those announced last, by themselves. */
  readonly recent: ReadonlySet<string>;
}

const LINE_FEED = 0x0a;

/**
 * The commits that `tips` reach and known ones don't, parents first, for each tip those that no earlier tip reaches.
 * What is missing of the known tips is passed over.
 */
export async function findNewCommits(
  git: Git,
  tips: readonly (string | undefined)[],
  known: KnownCommits,
): Promise<NewCommit[][]> {
  const present = tips.filter((tip) => tip !== undefined);
  const commits = await listNewCommits(git, present, known.tips);
  // Why: where children are older than their parents, by their dates, git stops before it has seen all that known tips reach.
  return shareOut(
    commits.filter(({ hash }) => !known.recent.has(hash)),
    tips,
  );
}

/** Which of these commits the others don't reach, or all of them where git can't tell. */
export async function findUnreached(
  git: Git,
  commits: readonly string[],
  others: readonly string[],
): Promise<string[]> {
  try {
    const unreached = new Set((await listNewCommits(git, commits, others)).map(({ hash }) => hash));
    return commits.filter((commit) => unreached.has(commit));
  } catch (error) {
    if (error instanceof UnreadableHistory) return [...commits];
    throw error;
  }
}

async function listNewCommits(
  git: Git,
  tips: readonly string[],
  known: readonly string[],
): Promise<NewCommit[]> {
  if (tips.length === 0) return [];
  const input = [...tips, ...known.map((hash) => `^${hash}`)].map((line) => `${line}\n`).join('');
  // Why this order: --ignore-missing has no effect on what --stdin has already read.
  const args = ['rev-list', '--topo-order', '--reverse', '--parents', '--ignore-missing', '--stdin'];
  const reader = new ByteReader(git.stream(args, input));
  const commits: NewCommit[] = [];
  for (;;) {
    const line = await reader.readUntil(LINE_FEED);
    if (line === undefined) return commits;
    const [hash = '', ...parents] = line.toString('latin1').split(' ');
    commits.push({ hash, parents });
  }
}

// Why not one rev-list per tip: a mirror pushes thousands, and each would walk past all tips before it.
function shareOut(commits: readonly NewCommit[], tips: readonly (string | undefined)[]): NewCommit[][] {
  const parentsOf = new Map(commits.map((commit) => [commit.hash, commit.parents]));
  const ownerOf = new Map<string, number>();
  for (const [index, tip] of tips.entries()) {
    const open = tip === undefined ? [] : [tip];
    for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
      const parents = parentsOf.get(hash);
      if (parents === undefined || ownerOf.has(hash)) continue;
      ownerOf.set(hash, index);
      open.push(...parents);
    }
  }
  const shares: NewCommit[][] = tips.map(() => []);
  // What has no owner is reached by known commits only.
  for (const commit of commits) shares[ownerOf.get(commit.hash) ?? tips.length]?.push(commit);
  return shares;
}

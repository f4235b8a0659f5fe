// Which commits a push made reachable, and with which of its refs each is announced.
import { ByteReader } from './byte-reader.ts';
import type { Git } from './git.ts';
import { isZero, type RefUpdate } from './ref-update.ts';
import { peelToCommits } from './objects.ts';

/** A commit to be announced. */
export interface NewCommit {
  readonly hash: string;
  readonly parents: readonly string[];
}

const LINE_FEED = 0x0a;

/**
 * The commits that `tips` reach and `known` don't, parents first, for each tip those that no earlier tip reaches.
 * A tip may be a tag; one that leads to no commit reaches none. What is missing of `known` is passed over.
 */
export async function findNewCommits(
  git: Git,
  tips: readonly string[],
  known: readonly string[],
): Promise<NewCommit[][]> {
  const peeled = await peelToCommits(git, tips);
  const commits = await listNewCommits(git, [...peeled.values()], known);
  return shareOut(
    commits,
    tips.map((tip) => peeled.get(tip)),
  );
}

/**
 * The objects that the repository's refs named before the push: the pushed refs' old values, and every other ref.
 * Not for deciding later: it holds only until another push comes.
 */
export async function findKnownTips(git: Git, updates: readonly RefUpdate[]): Promise<string[]> {
  const known = updates.map((update) => update.before).filter((hash) => !isZero(hash));
  const refs = await listRefs(git);
  const pushed = new Set(updates.map((update) => update.refBytes));
  for (const ref of refs) {
    // Why: a push to a symbolic ref moves the ref it points to.
    if (ref.target !== '' && pushed.has(ref.name)) pushed.add(ref.target);
  }
  for (const ref of refs) {
    if (ref.target === '' && !pushed.has(ref.name)) known.push(ref.hash);
  }
  return known;
}

interface Ref {
  readonly hash: string;
  readonly name: string;
  /** The ref that a symbolic one points to; empty for others. */
  readonly target: string;
}

async function listRefs(git: Git): Promise<Ref[]> {
  const { stdout } = await git.ask(['for-each-ref', '--format=%(objectname) %(refname) %(symref)']);
  const lines = stdout.toString('latin1').split('\n').slice(0, -1);
  return lines.map((line) => {
    const [hash = '', name = '', target = ''] = line.split(' ');
    return { hash, name, target };
  });
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
  for (const commit of commits) shares[ownerOf.get(commit.hash) ?? 0]?.push(commit);
  return shares;
}

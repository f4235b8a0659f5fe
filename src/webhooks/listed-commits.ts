// The commits of a payload as GitHub, GitLab and Gitea list them: the same members, in one order or the other.
import type { Member } from './member.ts';
import type { ToldCommit, ToldCommits, ToldFiles, ToldPerson } from './told-push.ts';

const ISO_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** How one sender's commits are to be read. */
export interface CommitReading {
  /** Which date `timestamp` is. */
  readonly timestamp: 'date' | 'commitDate';
  /** From so many paths on the sender may have left out some. */
  readonly maxFilesCount?: number;
}

/**
 * Reads commits, the oldest first. What the ref names now tells in which order they are listed: it stands at one end. A commit
 * that its sender knows was pushed before, with another ref, was told then.
 * @throws GitPubSubError `invalid-delivery`
 */
export function readCommits(list: Member, head: string, reading: CommitReading): ToldCommit[] {
  const items = list.items();
  const inOrder = items[0]?.at('id').hash() === head ? items.toReversed() : items;
  return inOrder.filter(isNew).map((commit) => ({
    hash: commit.at('id').hash(),
    message: commit.at('message').optionalText() ?? '',
    author: readPerson(commit.at('author')),
    committer: commit.at('committer').isAbsent ? undefined : readPerson(commit.at('committer')),
    [reading.timestamp]: readDate(commit.at('timestamp')),
    files: readFiles(commit, reading.maxFilesCount ?? Infinity),
  }));
}

function isNew(commit: Member): boolean {
  return commit.at('distinct').isAbsent || commit.at('distinct').flag();
}

/** Compares a list with the number of commits that it should have, if that is told. */
export function countCommits(listed: readonly ToldCommit[], totalCount: number | undefined): ToldCommits {
  return totalCount !== undefined && totalCount > listed.length
    ? { listed, isTruncated: true, totalCount }
    : { listed, isTruncated: false };
}

function readPerson(person: Member): ToldPerson {
  return { name: person.at('name').optionalText() ?? '', email: person.at('email').optionalText() };
}

// A date of another form is left out: it is no reason to lose the push.
function readDate(date: Member): string | undefined {
  const text = date.optionalText();
  return text !== undefined && ISO_DATE.test(text) ? text : undefined;
}

// Each path once and in order, as the hook lists them.
function readFiles(commit: Member, maxFilesCount: number): ToldFiles | undefined {
  const lists = ['added', 'modified', 'removed'].map((name) => commit.at(name));
  if (lists.every((list) => list.isAbsent)) return undefined;
  const paths = lists.flatMap((list) => list.items().map((path) => path.text()));
  return { paths: [...new Set(paths)].toSorted(), isCapped: paths.length >= maxFilesCount };
}

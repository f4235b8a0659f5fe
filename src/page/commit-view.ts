// What the page shows of a commit.
import type { CommitDetails } from '../core/commit-event.ts';
import { withoutGaps, type EventText } from './event-text.ts';
import { countOf, shortHash, shortRef } from './refs.ts';
import { toText, toTexts } from './unknown-value.ts';

type Members = Readonly<Partial<Record<keyof CommitDetails, unknown>>>;

/** Reads the member `commit` of an event. */
export function commitView(commit: Members): EventText {
  const files = toTexts(commit.files);
  const isCut = commit.filesTruncated === true;
  const changes = toText(commit.changes);
  return {
    tone: 'commit',
    label: 'commit',
    project: toText(commit.project),
    ref: shortRef(toText(commit.ref)),
    shortHash: toText(commit.shortHash) || shortHash(toText(commit.hash)),
    title: toText(commit.subject) || '(no message)',
    by: toText(commit.author),
    more: describeCount(files.length, isCut, changes),
    facts: facts(commit),
    text: toText(commit.body).trim(),
    files,
    isCut,
  };
}

// The sender of a webhook may tell of no file, or not how many there are.
function describeCount(count: number, isCut: boolean, changes: string): string {
  if (isCut && changes !== '') return changes;
  return isCut && count === 0 ? 'details' : countOf(count, 'file');
}

function facts(commit: Members): EventText['facts'] {
  const author = person(commit.author, commit.email);
  const committer = person(commit.committer, commit.committerEmail);
  const all: EventText['facts'] = [
    ['Commit', toText(commit.hash)],
    ['Parents', toTexts(commit.parents).map(shortHash).join(', ')],
    ['Author', ...author, toText(commit.date)],
    committer.join(' ') === author.join(' ')
      ? ['Committer']
      : ['Committer', ...committer, toText(commit.commitDate)],
    ['Ref', toText(commit.ref)],
  ];
  return all.map(withoutGaps).filter(({ length }) => length > 1);
}

function person(name: unknown, email: unknown): string[] {
  const address = toText(email);
  return [toText(name), address && `<${address}>`];
}

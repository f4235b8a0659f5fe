// Turns a commit and its changed paths into the event that announces it. Pure: no git, no network.
import type { CommitDetails, CommitEvent } from '../core/commit-event.ts';
import type { ChangedFiles } from './changed-files.ts';
import { asciiJsonBytes, MAX_EVENT_BYTES, MAX_PARENTS_COUNT } from './limits.ts';
import { describeMessage } from './message.ts';
import { parseIdentity, parseObjectText } from './object-text.ts';
import type { GitObject } from './objects.ts';
import type { RefUpdate } from './ref-update.ts';
import { decodeText, textMember, type Text, type TextMember } from './text.ts';

// Why fixed: git's own short form depends on the repository and on the day.
const SHORT_HASH_DIGITS = 7;

type FileMembers = Pick<CommitDetails, 'files' | 'filesRaw' | 'filesTruncated' | 'changes' | 'changesRaw'>;

type CommitMembers = Omit<CommitDetails, keyof FileMembers>;

/** Describes one commit of a push. */
export function describeCommit(
  project: Text,
  { ref }: RefUpdate,
  object: GitObject,
  changed: ChangedFiles,
): CommitEvent {
  const members: CommitMembers = {
    repository: 'git',
    ...textMember('project', project),
    ...textMember('ref', ref),
    hash: object.hash,
    shortHash: object.hash.slice(0, SHORT_HASH_DIGITS),
    ...describeContent(object),
  };
  return { commit: { ...members, ...describeFiles(changed, MAX_EVENT_BYTES - asciiJsonBytes(members)) } };
}

type ContentMembers = Omit<
  CommitMembers,
  'repository' | 'hash' | 'shortHash' | keyof TextMember<'project' | 'ref'>
>;

function describeContent({ content, isCut }: GitObject): ContentMembers {
  const { headers, message } = parseObjectText(content);
  const parents = headers.get('parent') ?? [];
  const encoding = headers.get('encoding')?.[0];
  const author = parseIdentity(headers.get('author')?.[0] ?? '', encoding);
  const committer = parseIdentity(headers.get('committer')?.[0] ?? '', encoding);
  return {
    parents: parents.slice(0, MAX_PARENTS_COUNT),
    ...(parents.length > MAX_PARENTS_COUNT ? { parentsTruncated: true } : {}),
    ...textMember('author', author.name),
    ...textMember('email', author.email),
    date: author.date,
    ...textMember('committer', committer.name),
    ...textMember('committerEmail', committer.email),
    commitDate: committer.date,
    ...describeMessage(message, isCut, encoding),
  };
}

// Lists paths while they fit. A single path stands in `changes` as well, so each path is counted twice.
function describeFiles({ count, paths }: ChangedFiles, spaceBytes: number): FileMembers {
  const listed: Text[] = [];
  let leftBytes = spaceBytes / 2;
  for (const path of paths) {
    const text = decodeText(path);
    leftBytes -= asciiJsonBytes(text);
    if (leftBytes < 0) break;
    listed.push(text);
  }
  const [only] = listed;
  return {
    files: listed.map(({ text }) => text),
    ...(listed.some(({ raw }) => raw !== undefined)
      ? { filesRaw: listed.map(({ raw }) => raw ?? null) }
      : {}),
    ...(listed.length < count ? { filesTruncated: true } : {}),
    ...textMember('changes', count === 1 && only !== undefined ? only : { text: `${count} files` }),
  };
}

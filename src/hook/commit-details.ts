// Turns a commit and its changed paths into the event that announces it. Pure: no git, no network.
import type { CommitDetails } from '../core/commit-event.ts';
import { describeMessage } from '../core/commit-message.ts';
import { asciiJsonBytes, MAX_EVENT_BYTES, MAX_PARENTS_COUNT } from '../core/event-limits.ts';
import { describeFiles, type FileMembers } from '../core/file-members.ts';
import { shortHash } from '../core/ref.ts';
import { decodeText, textMember, type Text, type TextMember } from '../core/text.ts';
import type { ChangedFiles } from './changed-files.ts';
import { parseIdentity, parseObjectText } from './object-text.ts';
import type { GitObject } from './objects.ts';
import type { RefUpdate } from './ref-update.ts';

/** A commit as the hook tells of it: nothing is left out. */
export type HookCommitDetails = CommitDetails &
  Required<
    Pick<CommitDetails, 'parents' | 'email' | 'date' | 'committer' | 'committerEmail' | 'commitDate'>
  > &
  FileMembers;

type CommitMembers = Omit<HookCommitDetails, keyof FileMembers>;

/** Describes one commit of a push. */
export function describeCommit(
  project: Text,
  { ref }: RefUpdate,
  object: GitObject,
  { count, paths }: ChangedFiles,
): { commit: HookCommitDetails } {
  const members: CommitMembers = {
    repository: 'git',
    ...textMember('project', project),
    ...textMember('ref', ref),
    hash: object.hash,
    shortHash: shortHash(object.hash),
    ...describeContent(object),
  };
  const files = paths.map((path) => decodeText(path));
  return {
    commit: { ...members, ...describeFiles(files, count, MAX_EVENT_BYTES - asciiJsonBytes(members)) },
  };
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

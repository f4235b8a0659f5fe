// From what a sender tells of a push to the events that the hook would make of it, as far as that goes.
import type {
  CommitDetails,
  CommitEvent,
  PushAction,
  PushDetails,
  PushEvent,
  TagDetails,
} from '../core/commit-event.ts';
import { describeMessage } from '../core/commit-message.ts';
import {
  asciiJsonBytes,
  cutText,
  fitMessage,
  MAX_EVENT_BYTES,
  MAX_FILES_COUNT,
  MAX_IDENTITY_BYTES,
  MAX_PARENTS_COUNT,
} from '../core/event-limits.ts';
import { describeFiles } from '../core/file-members.ts';
import { isZero, refType, shortHash } from '../core/ref.ts';
import type { ToldCommit, ToldFiles, ToldPerson, ToldPush } from './told-push.ts';

/** The events of one ref: its commits, the oldest first, then the push itself. None if the ref did not change. */
export function makeEvents(push: ToldPush): (CommitEvent | PushEvent)[] {
  if (push.before === push.after) return [];
  return [...push.commits.listed.map((commit) => describeCommit(push, commit)), describePush(push)];
}

function describeCommit({ project, ref }: ToldPush, commit: ToldCommit): CommitEvent {
  const { hash, author, committer, parents, date, commitDate } = commit;
  const members = {
    repository: 'git' as const,
    project,
    ref,
    hash,
    shortHash: shortHash(hash),
    ...(parents === undefined ? {} : { parents: parents.slice(0, MAX_PARENTS_COUNT) }),
    ...(parents !== undefined && parents.length > MAX_PARENTS_COUNT
      ? { parentsTruncated: true as const }
      : {}),
    ...describePerson('author', 'email', author),
    ...(date === undefined ? {} : { date }),
    ...(committer === undefined ? {} : describePerson('committer', 'committerEmail', committer)),
    ...(commitDate === undefined ? {} : { commitDate }),
    ...describeMessage(Buffer.from(commit.message), false),
  };
  return {
    commit: { ...members, ...describePaths(commit.files, MAX_EVENT_BYTES - asciiJsonBytes(members)) },
  };
}

type PersonMembers<Name extends string, Email extends string> = Readonly<Record<Name, string>> &
  Readonly<Partial<Record<Email, string>>>;

function describePerson<Name extends string, Email extends string>(
  nameMember: Name,
  emailMember: Email,
  { name, email }: ToldPerson,
): PersonMembers<Name, Email> {
  const told = email === undefined ? {} : { [emailMember]: cutIdentity(email) };
  return { [nameMember]: cutIdentity(name), ...told } as PersonMembers<Name, Email>;
}

function cutIdentity(text: string): string {
  return cutText(Buffer.from(text), MAX_IDENTITY_BYTES).toString();
}

// Why truncated if nothing is told: a filter by path must not take it for a commit that changed nothing.
function describePaths(files: ToldFiles | undefined, spaceBytes: number): Partial<CommitDetails> {
  if (files === undefined) return { filesTruncated: true };
  const paths = files.paths.slice(0, MAX_FILES_COUNT).map((text) => ({ text }));
  const { changes, ...members } = describeFiles(paths, files.paths.length, spaceBytes);
  return files.isCapped ? { ...members, filesTruncated: true } : { ...members, changes };
}

function describePush(push: ToldPush): PushEvent {
  const { project, ref, before, after, commits, pusher, tagMessage } = push;
  const details: PushDetails = {
    repository: 'git',
    project,
    ref,
    type: refType(ref),
    action: findAction(push),
    ...(before === undefined ? {} : { before }),
    after,
    commits: commits.listed.length,
    ...(commits.isTruncated ? { commitsTruncated: true } : {}),
    ...(commits.totalCount === undefined ? {} : { commitsTotal: commits.totalCount }),
    pusher: pusher === undefined ? null : cutIdentity(pusher),
    ...(tagMessage === undefined ? {} : { tag: describeTag(tagMessage) }),
  };
  return { push: details };
}

function findAction({ before, after, isForced }: ToldPush): PushAction {
  if (before !== undefined && isZero(before)) return 'created';
  if (isZero(after)) return 'deleted';
  return isForced ? 'forced' : 'updated';
}

function describeTag(text: string): TagDetails {
  const { members, isWhole } = fitMessage(Buffer.from(text), (kept) => ({ message: kept.toString() }));
  return isWhole ? members : { ...members, messageTruncated: true };
}

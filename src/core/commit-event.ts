// The events made of a push, as a subscriber finds them: one per new commit, one per changed ref. Types only.
//
// The hook knows all that git does. A webhook's sender tells less, and what it does not tell is left out: those members are
// optional here, and src/webhooks/ says who leaves out what.
//
// Text that is not UTF-8 holds U+FFFD for each broken part; the exact bytes stand beside it in `<member>Raw`, as base64.
// Members are only ever added, so a reader ignores those it does not know.

/**
 * A commit that is new in a repository; published once, with the first ref that reached it, parents before children. From
 * a webhook: one that its sender lists with a push.
 */
export interface CommitEvent {
  readonly commit: CommitDetails;
}

/** A ref that a push created, moved or deleted; published after the ref's new commits. */
export interface PushEvent {
  readonly push: PushDetails;
}

/** What is told about a commit. */
export interface CommitDetails {
  readonly repository: 'git';
  /**
   * Name of the repository: its directory without `.git`, or what `gitpubsub.project` says. From a webhook: its full name,
   * with the owner.
   */
  readonly project: string;
  readonly projectRaw?: string;
  /** The full ref that was pushed, such as `refs/heads/main`. */
  readonly ref: string;
  readonly refRaw?: string;
  readonly hash: string;
  /** The first 7 digits of the hash. */
  readonly shortHash: string;
  /** Full hashes, the first parent first; none for a root commit. At most 128. */
  readonly parents?: readonly string[];
  /** There are more parents than listed. */
  readonly parentsTruncated?: true;
  readonly author: string;
  readonly authorRaw?: string;
  readonly email?: string;
  readonly emailRaw?: string;
  /** When it was written, ISO 8601 with the author's offset, such as `2026-11-21T12:00:00+01:00`; `Z` where that is not told. */
  readonly date?: string;
  readonly committer?: string;
  readonly committerRaw?: string;
  readonly committerEmail?: string;
  readonly committerEmailRaw?: string;
  /** When it was committed, ISO 8601 with the committer's offset, or `Z`. */
  readonly commitDate?: string;
  /** The message's first paragraph in one line, as `git log --format=%s` shows it. */
  readonly subject: string;
  readonly subjectRaw?: string;
  /** What follows the first paragraph, as `git log --format=%b` shows it. */
  readonly body: string;
  readonly bodyRaw?: string;
  /** The whole message as it is stored, the last line end included. */
  readonly log: string;
  readonly logRaw?: string;
  /** The message was too long for an event: subject, body and log are those of its beginning. */
  readonly logTruncated?: true;
  /** Paths as git stores them, unquoted; for a merge those that differ from the first parent. At most 1,000. */
  readonly files?: readonly string[];
  /** Only if a listed path is not UTF-8: for each entry of `files` its exact bytes in base64, or null where `files` is exact. */
  readonly filesRaw?: readonly (string | null)[];
  /** More paths changed than listed, or no path is told; `changes` has the count, if it is known. */
  readonly filesTruncated?: true;
  /** The path if exactly one changed, else "N files". */
  readonly changes?: string;
  readonly changesRaw?: string;
}

/** What kind of ref was pushed: below `refs/heads/`, below `refs/tags/`, or another. */
export type RefType = 'branch' | 'tag' | 'other';

/**
 * What a push did to a ref; `forced` means that the old value is no ancestor of the new one. Of the senders of webhooks only
 * GitHub tells so; with the others such a push is `updated`.
 */
export type PushAction = 'created' | 'updated' | 'forced' | 'deleted';

/** What is told about a ref that was pushed. */
export interface PushDetails {
  readonly repository: 'git';
  /** As in {@link CommitDetails}. */
  readonly project: string;
  readonly projectRaw?: string;
  /** The full ref, such as `refs/heads/main`. */
  readonly ref: string;
  readonly refRaw?: string;
  readonly type: RefType;
  readonly action: PushAction;
  /** The object the ref named before; all zeros if it is new. */
  readonly before?: string;
  /** The object the ref names now; all zeros if it was deleted. */
  readonly after: string;
  /** How many commit events of this push carry this ref. */
  readonly commits: number;
  /**
   * Objects were gone from the repository before they could be announced, so commits may be missing. Whether `before` was
   * an ancestor of `after` can't be told then: an existing ref counts as forced.
   */
  readonly commitsMissing?: true;
  /** The sender of a webhook lists no commits, or only so many, and there are more of them or may be. */
  readonly commitsTruncated?: true;
  /** How many there are by the sender's count, where commits were truncated and it tells. */
  readonly commitsTotal?: number;
  /** Who pushed, as the server names the account; null if it does not say. */
  readonly pusher: string | null;
  readonly pusherRaw?: string;
  /** What was given with `git push --push-option`, in that order; present if there was any. */
  readonly pushOptions?: readonly string[];
  /** Only if a listed option is not UTF-8, as for {@link CommitDetails.filesRaw}. */
  readonly pushOptionsRaw?: readonly (string | null)[];
  /** There were more options than fit into an event. */
  readonly pushOptionsTruncated?: true;
  /** Present when the ref now names an annotated tag. */
  readonly tag?: TagDetails;
}

/** What an annotated tag says of itself, as far as it is told. */
export interface TagDetails {
  /** Very old tags have no tagger: then tagger and email are empty and the date is that of 1970. */
  readonly tagger?: string;
  readonly taggerRaw?: string;
  readonly email?: string;
  readonly emailRaw?: string;
  /** ISO 8601 with the tagger's offset. */
  readonly date?: string;
  /** The whole message as it is stored, a signature included. */
  readonly message: string;
  readonly messageRaw?: string;
  /** The message was too long for an event: this is its beginning. */
  readonly messageTruncated?: true;
}

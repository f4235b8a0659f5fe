// What senders tell of a push, in one form for all of them. Absent is what they do not tell. Types only.

/** One ref of a push. */
export interface ToldPush {
  /** The repository's full name, with its owner. */
  readonly project: string;
  readonly ref: string;
  readonly before?: string;
  readonly after: string;
  /** The sender says that the old value is no ancestor of the new one. */
  readonly isForced: boolean;
  readonly commits: ToldCommits;
  /** The account that pushed. */
  readonly pusher: string | undefined;
  /** What an annotated tag says. */
  readonly tagMessage?: string | undefined;
}

/** The commits that a sender lists with a push. */
export interface ToldCommits {
  /** The oldest first. */
  readonly listed: readonly ToldCommit[];
  /** There are more, or may be. */
  readonly isTruncated: boolean;
  /** How many there are, if the list was cut and it is told. */
  readonly totalCount?: number;
}

/** One commit. */
export interface ToldCommit {
  readonly hash: string;
  /** Empty where it is not told. */
  readonly message: string;
  readonly author: ToldPerson;
  readonly committer: ToldPerson | undefined;
  /** ISO 8601. */
  readonly date?: string | undefined;
  readonly commitDate?: string | undefined;
  readonly parents?: readonly string[];
  readonly files: ToldFiles | undefined;
}

/** An author or committer. */
export interface ToldPerson {
  /** Empty where it is not told, as for a commit that has none. */
  readonly name: string;
  readonly email: string | undefined;
}

/** The paths that a commit changed. */
export interface ToldFiles {
  readonly paths: readonly string[];
  /** There may be more, and how many is not told. */
  readonly isCapped: boolean;
}

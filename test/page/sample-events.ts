// Events as the hook publishes them, in short.

/** A hash that is told from others by its number. */
export function hashOf(n: number): string {
  return n.toString(16).padStart(40, 'a');
}

/** A commit; `members` replace what it has. */
export function makeCommit(n: number, members: object = {}): string {
  const person = { author: 'Ada Lovelace', email: 'ada@example.org' };
  return JSON.stringify({
    commit: {
      project: 'widget',
      ref: 'refs/heads/main',
      hash: hashOf(n),
      shortHash: hashOf(n).slice(-7),
      parents: [],
      ...person,
      date: '2026-11-21T13:01:55+00:00',
      subject: `Subject ${n}`,
      body: '',
      files: [`src/file-${n}.ts`],
      changes: `src/file-${n}.ts`,
      ...members,
    },
  });
}

/** A push of a branch; `members` replace what it has. */
export function makePush(members: object = {}): string {
  const push = { project: 'widget', ref: 'refs/heads/main', type: 'branch', action: 'updated', commits: 1 };
  return JSON.stringify({
    push: { ...push, before: hashOf(1), after: hashOf(2), pusher: 'ada', ...members },
  });
}

/** Commits by their numbers. */
export function makeCommits(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => makeCommit(first + index));
}

/** What the page shows of them, the newest on top. */
export function subjects(last: number, first: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `Subject ${last - index}`);
}

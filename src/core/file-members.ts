// The paths that a commit changed, as members of its event, and cut where they are too many.
import type { CommitDetails } from './commit-event.ts';
import { asciiJsonBytes } from './event-limits.ts';
import { textMember, type Text } from './text.ts';

/** The members that tell what a commit changed. */
export type FileMembers = Required<Pick<CommitDetails, 'files' | 'changes'>> &
  Pick<CommitDetails, 'filesRaw' | 'filesTruncated' | 'changesRaw'>;

/**
 * Lists paths while they fit into the space that is left in an event, and says how many changed. A single path stands in
 * `changes` as well, so each path is counted twice.
 */
export function describeFiles(paths: readonly Text[], count: number, spaceBytes: number): FileMembers {
  const listed: Text[] = [];
  let leftBytes = spaceBytes / 2;
  for (const path of paths) {
    leftBytes -= asciiJsonBytes(path);
    if (leftBytes < 0) break;
    listed.push(path);
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

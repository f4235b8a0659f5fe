// What the filters of a subscription look at, read from a payload of any shape.

/** Kinds of events: the two that the hook publishes, and all else. */
export type EventType = 'commit' | 'push' | 'other';

/** What an event tells of itself; an empty list where it tells nothing. */
export interface EventFacts {
  readonly type: EventType;
  readonly project: readonly string[];
  /** Full and short name. */
  readonly ref: readonly string[];
  /** `any` if there are more than it lists. */
  readonly path: readonly string[] | 'any';
  /** Name and mail address. */
  readonly author: readonly string[];
  readonly hash: readonly string[];
}

const NOTHING: EventFacts = { type: 'other', project: [], ref: [], path: [], author: [], hash: [] };

/** Reads the facts of a payload that is valid JSON. */
export function readEventFacts(payload: string): EventFacts {
  const event = toRecord(JSON.parse(payload));
  const commit = toRecord(event?.['commit']);
  if (commit) {
    return {
      type: 'commit',
      project: texts(commit['project']),
      ref: refNames(commit['ref']),
      path: commit['filesTruncated'] === true ? 'any' : texts(...toList(commit['files'])),
      author: texts(commit['author'], commit['email']),
      hash: texts(commit['hash']),
    };
  }
  const push = toRecord(event?.['push']);
  if (!push) return NOTHING;
  return { ...NOTHING, type: 'push', project: texts(push['project']), ref: refNames(push['ref']) };
}

// `refs/heads/main` is also `main`, `refs/tags/v1` also `v1`, `refs/notes/commits` also `notes/commits`.
function refNames(ref: unknown): string[] {
  return texts(ref).flatMap((name) => {
    const short = name.replace(/^refs\/(?:heads\/|tags\/)?/, '');
    return short === name ? [name] : [name, short];
  });
}

function texts(...values: readonly unknown[]): string[] {
  return values.filter((value) => typeof value === 'string');
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function toRecord(value: unknown): Record<string, unknown> | undefined {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Record<string, unknown>) : undefined;
}

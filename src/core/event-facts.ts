// What the filters of a subscription look at, read from a payload of any shape.
import { isObject } from './json-object.ts';

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
  const event: unknown = JSON.parse(payload);
  if (!isObject(event)) return NOTHING;
  const { commit, push } = event;
  if (isObject(commit)) {
    return {
      type: 'commit',
      project: texts(commit['project']),
      ref: refNames(commit['ref']),
      path: commit['filesTruncated'] === true ? 'any' : texts(...toList(commit['files'])),
      author: texts(commit['author'], commit['email']),
      hash: texts(commit['hash']),
    };
  }
  if (!isObject(push)) return NOTHING;
  return { ...NOTHING, type: 'push', project: texts(push['project']), ref: refNames(push['ref']) };
}

/** A ref's name as people say it: `main` for `refs/heads/main`, `v1` for `refs/tags/v1`, `notes/x` for `refs/notes/x`. */
export function shortRef(name: string): string {
  return name.replace(/^refs\/(?:heads\/|tags\/)?/, '');
}

function refNames(ref: unknown): string[] {
  return texts(ref).flatMap((name) => {
    const short = shortRef(name);
    return short === name ? [name] : [name, short];
  });
}

function texts(...values: readonly unknown[]): string[] {
  return values.filter((value) => typeof value === 'string');
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

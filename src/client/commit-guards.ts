// Tells the hook's events from all others. The topic is open to everything, so it looks at what it promises.
import type { CommitEvent, PushEvent } from '../core/commit-event.ts';
import { isObject } from '../core/json-object.ts';

/** Whether a published value is a commit, as the hook tells of it. */
export function isCommitEvent(value: unknown): value is CommitEvent {
  return hasTexts(memberOf(value, 'commit'), ['project', 'ref', 'hash', 'shortHash', 'author', 'subject']);
}

/** Whether a published value is a changed ref, as the hook tells of it. */
export function isPushEvent(value: unknown): value is PushEvent {
  return hasTexts(memberOf(value, 'push'), ['project', 'ref', 'type', 'action', 'before', 'after']);
}

function memberOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function hasTexts(value: unknown, names: readonly string[]): boolean {
  return isObject(value) && names.every((name) => typeof value[name] === 'string');
}

// Tells the events of pushes from all others. The topic is open to everything, so it looks at what it promises.
import type { CommitEvent, PushEvent } from '../core/commit-event.ts';
import { isObject } from '../core/json-object.ts';

const PUSH_TEXTS = ['project', 'ref', 'type', 'action', 'after'];

/** Whether a published value is a commit, as the hook or a webhook tells of it. */
export function isCommitEvent(value: unknown): value is CommitEvent {
  return hasTexts(memberOf(value, 'commit'), ['project', 'ref', 'hash', 'shortHash', 'author', 'subject']);
}

/** Whether a published value is a changed ref, as the hook or a webhook tells of it. */
export function isPushEvent(value: unknown): value is PushEvent {
  const push = memberOf(value, 'push');
  // Why: a webhook may not know what a deleted branch was.
  const names = memberOf(push, 'before') === undefined ? PUSH_TEXTS : [...PUSH_TEXTS, 'before'];
  return hasTexts(push, names);
}

function memberOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function hasTexts(value: unknown, names: readonly string[]): boolean {
  return isObject(value) && names.every((name) => typeof value[name] === 'string');
}

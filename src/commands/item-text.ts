// An event as one line for people. Whatever others have published, it can't steer the terminal.
import { isCommitEvent, isPushEvent } from '../client/commit-guards.ts';
import type { StreamEvent } from '../client/stream-item.ts';
import type { CommitDetails, PushDetails } from '../core/commit-event.ts';
import { shortRef } from '../core/event-facts.ts';
import { toPrintable } from '../core/printable.ts';

const SHORT_HASH_LENGTH = 7;

// Most of one line; the rest of a large event helps nobody on a terminal.
const MAX_CHARACTERS = 500;

/** Describes an event; the date is left out if it is that of `now`. */
export function describeEvent(event: StreamEvent, now: Date): string {
  const text = `${describeTime(new Date(event.timestamp * 1000), now)}  ${describeValue(event)}`;
  return cut(toPrintable(text));
}

function describeValue({ value, topic }: StreamEvent): string {
  if (isCommitEvent(value)) return describeCommit(value.commit);
  if (isPushEvent(value)) return describePush(value.push);
  return `${topic}  ${JSON.stringify(value)}`;
}

function describeCommit({ project, ref, shortHash, author, subject }: CommitDetails): string {
  return [project, shortRef(ref), shortHash, author, subject].join('  ');
}

function describePush(push: PushDetails): string {
  const { project, pusher } = push;
  const by = typeof pusher === 'string' ? `  by ${pusher}` : '';
  return `${project}  ${describeRef(push)} ${describeAction(push)}${by}`;
}

function describeRef({ type, ref }: PushDetails): string {
  return type === 'tag' ? `tag ${shortRef(ref)}` : shortRef(ref);
}

function describeAction({ action, before, after, commits, tag }: PushDetails): string {
  const [old, now] = [before, after].map((hash) => hash?.slice(0, SHORT_HASH_LENGTH) ?? 'unknown');
  const message = typeof tag?.message === 'string' ? `: ${tag.message.trim().split('\n')[0]}` : '';
  switch (action) {
    case 'created':
      return `created at ${now}${count(commits)}${message}`;
    case 'updated':
      return `${old}..${now}${count(commits)}${message}`;
    case 'forced':
      return `FORCED ${old}...${now}${count(commits)}${message}`;
    case 'deleted':
      return before === undefined ? 'DELETED' : `DELETED, was ${old}`;
    default:
      return String(action);
  }
}

function count(commits: unknown): string {
  if (typeof commits !== 'number' || commits === 0) return '';
  return commits === 1 ? ', 1 commit' : `, ${commits} commits`;
}

function describeTime(time: Date, now: Date): string {
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(pad).join(':');
  if (time.toDateString() === now.toDateString()) return clock;
  return `${[time.getFullYear(), time.getMonth() + 1, time.getDate()].map(pad).join('-')} ${clock}`;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}

function cut(text: string): string {
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS - 1)}…`;
}

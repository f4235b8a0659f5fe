// What a command is told of its event in the environment; the help of `gitpubsub subscribe` lists it.
import { isCommitEvent, isPushEvent } from '../../client/commit-guards.ts';
import type { StreamEvent } from '../../client/stream-item.ts';
import { shortRef } from '../../core/event-facts.ts';

type Variables = Readonly<Record<string, string>>;

const NAMES = [
  'TYPE',
  'TOPIC',
  'TIMESTAMP',
  'CURSOR',
  'ATTEMPT',
  'PROJECT',
  'REF',
  'REF_NAME',
  'HASH',
  'AUTHOR',
  'EMAIL',
  'SUBJECT',
  'ACTION',
  'BEFORE',
  'PUSHER',
];

// Most of a value, in characters: a system takes only so much environment (Linux: 128 KiB a variable). Standard input has all.
const MAX_CHARACTERS = 8_000;

/**
 * The environment for one run. Variables of ours that the event does not have are not inherited either; nor is a token, which
 * the command may hand on to a build of what others have pushed.
 */
export function environmentFor(
  event: StreamEvent,
  attempt: number,
  inherited: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const environment = { ...inherited };
  for (const name of [...NAMES, 'TOKEN']) delete environment[`GITPUBSUB_${name}`];
  for (const [name, text] of Object.entries({ ...describe(event), ATTEMPT: String(attempt) }))
    environment[`GITPUBSUB_${name}`] = toValue(text);
  return environment;
}

/** Whose events are handled one after the other: a project's, else a topic's. */
export function laneOf({ value, topic }: StreamEvent): string {
  if (isCommitEvent(value)) return `project ${value.commit.project}`;
  if (isPushEvent(value)) return `project ${value.push.project}`;
  return `topic ${topic}`;
}

function describe(event: StreamEvent): Variables {
  const { value, topic, timestamp, cursor } = event;
  const common = { TOPIC: topic, TIMESTAMP: String(timestamp), CURSOR: cursor };
  if (isCommitEvent(value)) {
    const { project, ref, hash, author, email, subject } = value.commit;
    const names = { PROJECT: project, REF: ref, REF_NAME: shortRef(ref) };
    const told = email === undefined ? {} : { EMAIL: email };
    return { ...common, ...names, TYPE: 'commit', HASH: hash, AUTHOR: author, ...told, SUBJECT: subject };
  }
  if (!isPushEvent(value)) return { ...common, TYPE: 'other' };
  const { project, ref, after, before, action, pusher } = value.push;
  const names = { PROJECT: project, REF: ref, REF_NAME: shortRef(ref) };
  const told = {
    ...(before === undefined ? {} : { BEFORE: before }),
    ...(pusher === null ? {} : { PUSHER: pusher }),
  };
  return { ...common, ...names, TYPE: 'push', HASH: after, ACTION: action, ...told };
}

// Why not String(): whoever may publish can send members of any type, and one with a `toString` of its own would throw. NUL ends a variable, so no system takes it.
function toValue(text: unknown): string {
  const value = typeof text === 'string' ? text : ((JSON.stringify(text) as string | undefined) ?? '');
  return value.replaceAll('\0', '').slice(0, MAX_CHARACTERS);
}

// Turns one ref of a push into the event that announces it. Pure: no git, no network.
import type { PushDetails } from '../core/commit-event.ts';
import { asciiJsonBytes, MAX_PUSH_OPTIONS_BYTES } from '../core/event-limits.ts';
import { textMember, type Text } from '../core/text.ts';
import type { PlannedRef } from './push-plan.ts';
import type { SpooledPush } from './spooled-push.ts';

/** A ref as the hook tells of it: nothing is left out. */
export type HookPushDetails = PushDetails & Required<Pick<PushDetails, 'before'>>;

type OptionMembers = Pick<PushDetails, 'pushOptions' | 'pushOptionsRaw' | 'pushOptionsTruncated'>;

/** Describes one ref of a push. */
export function describePush(
  project: Text,
  { pusher, options }: SpooledPush,
  ref: PlannedRef,
): { push: HookPushDetails } {
  const { update, action, tag, commits, isIncomplete } = ref;
  return {
    push: {
      repository: 'git',
      ...textMember('project', project),
      ...textMember('ref', update.ref),
      type: update.type,
      action,
      before: update.before,
      after: update.after,
      commits: commits.length,
      ...(isIncomplete ? { commitsMissing: true } : {}),
      ...(pusher === undefined ? { pusher: null } : textMember('pusher', pusher)),
      ...describeOptions(options),
      ...(tag === undefined ? {} : { tag }),
    },
  };
}

function describeOptions(options: readonly Text[]): OptionMembers {
  if (options.length === 0) return {};
  let bytes = 0;
  const listed = options.filter((option) => (bytes += asciiJsonBytes(option)) <= MAX_PUSH_OPTIONS_BYTES);
  return {
    pushOptions: listed.map(({ text }) => text),
    ...(listed.some(({ raw }) => raw !== undefined)
      ? { pushOptionsRaw: listed.map(({ raw }) => raw ?? null) }
      : {}),
    ...(listed.length < options.length ? { pushOptionsTruncated: true } : {}),
  };
}

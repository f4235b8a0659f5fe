// Turns one ref of a push into the event that announces it. Pure: no git, no network.
import type { PushEvent } from '../core/commit-event.ts';
import type { Environment } from './git.ts';
import type { PlannedRef } from './push-plan.ts';
import { textMember, type Text } from './text.ts';

/** Describes one ref of a push. */
export function describePush(project: Text, pusher: string | null, ref: PlannedRef): PushEvent {
  const { update, action, tag, commits } = ref;
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
      pusher,
      ...(tag === undefined ? {} : { tag }),
    },
  };
}

// Why these, in this order: gitolite, Gitea and Forgejo, an HTTP server, the account itself.
const PUSHER_VARIABLES = ['GL_USERNAME', 'GITEA_PUSHER_NAME', 'REMOTE_USER', 'USER'];

/** Who pushed, as the first of several servers' variables tells it. */
export function findPusher(environment: Environment): string | null {
  return (
    PUSHER_VARIABLES.map((name) => environment[name]).find((name) => name !== undefined && name !== '') ??
    null
  );
}

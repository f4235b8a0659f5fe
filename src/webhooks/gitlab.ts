// GitLab's push and tag events. Source: docs.gitlab.com, "Webhooks", "Webhook events", "System hooks".
import { isZero } from '../core/ref.ts';
import { countCommits, readCommits } from './listed-commits.ts';
import type { Member } from './member.ts';
import { verifyToken } from './signature.ts';
import type { ToldPush } from './told-push.ts';
import type { WebhookKind } from './webhook-kind.ts';

/** A push comes as one delivery for each ref, unless it changes more refs than `push_event_hooks_limit`: then as none. */
export const GITLAB: WebhookKind = {
  eventHeaders: ['x-gitlab-event'],
  // Why this one, since 17.4: X-Gitlab-Webhook-UUID differs in each try, and X-Gitlab-Event-UUID is that of what set off
  // the event, which other events may share.
  deliveryHeaders: ['idempotency-key'],
  verify: (headers, _, secrets) => verifyToken(headers('x-gitlab-token'), secrets),
  readers: { 'Push Hook': readPush, 'Tag Push Hook': readPush, 'System Hook': readSystemEvent },
};

// An instance's own hook sends what a project's does, among much else.
function readSystemEvent(payload: Member): ToldPush[] {
  const kind = payload.at('event_name').optionalText();
  return kind === 'push' || kind === 'tag_push' ? readPush(payload) : [];
}

function readPush(payload: Member): ToldPush[] {
  const after = payload.at('after').hash();
  const commits = readCommits(payload.at('commits'), after, { timestamp: 'commitDate' });
  const totalCount = payload.at('total_commits_count').optionalInteger();
  const push = {
    project: payload.at('project').at('path_with_namespace').nameText(),
    ref: payload.at('ref').ref(),
    before: payload.at('before').hash(),
    after,
    isForced: false,
    commits: countCommits(commits, totalCount),
    pusher: payload.at('user_username').optionalText() ?? payload.at('user_name').optionalText(),
    tagMessage: readTagMessage(payload, after),
  };
  return [push];
}

// The value of an annotated tag is the tag's own, and not that of the commit that is to be checked out.
function readTagMessage(payload: Member, after: string): string | undefined {
  const commit = payload.at('checkout_sha').optionalText();
  const isAnnotated =
    payload.at('ref').ref().startsWith('refs/tags/') && commit !== undefined && commit !== after;
  return isAnnotated && !isZero(after) ? payload.at('message').optionalText() : undefined;
}

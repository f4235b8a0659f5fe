// GitHub's push event. Source: docs.github.com, "Webhook events and payloads", push; "Validating webhook deliveries".
import { readCommits } from './listed-commits.ts';
import type { Member } from './member.ts';
import { verifyHmac } from './signature.ts';
import type { ToldPush } from './told-push.ts';
import type { WebhookKind } from './webhook-kind.ts';

// Most commits in a payload, and most paths of a commit: at that number there may be more, and no count is told.
const MAX_TOLD_COMMITS_COUNT = 2_048;
const MAX_TOLD_FILES_COUNT = 3_000;

/** A push comes as one delivery for each ref; a new and a deleted one, too, so `create` and `delete` tell nothing more. */
export const GITHUB: WebhookKind = {
  eventHeaders: ['x-github-event'],
  // It stays the same when a delivery is repeated.
  deliveryHeaders: ['x-github-delivery'],
  verify: (headers, body, secrets) => verifyHmac(headers('x-hub-signature-256'), 'sha256=', body, secrets),
  readers: { push: readPush },
};

function readPush(payload: Member): ToldPush[] {
  const after = payload.at('after').hash();
  const commits = payload.at('commits');
  const push = {
    project: payload.at('repository').at('full_name').nameText(),
    ref: payload.at('ref').ref(),
    before: payload.at('before').hash(),
    after,
    isForced: payload.at('forced').flag(),
    commits: {
      listed: readCommits(commits, after, { timestamp: 'commitDate', maxFilesCount: MAX_TOLD_FILES_COUNT }),
      isTruncated: commits.items().length >= MAX_TOLD_COMMITS_COUNT,
    },
    pusher: payload.at('pusher').at('name').optionalText(),
  };
  return [push];
}

// The push and delete events of Gitea and Forgejo. Source: docs.gitea.com and forgejo.org/docs, "Webhooks".
import { isZero } from '../core/ref.ts';
import { countCommits, readCommits } from './listed-commits.ts';
import type { Member } from './member.ts';
import { verifyHmac } from './signature.ts';
import type { ToldCommits, ToldPush } from './told-push.ts';
import type { WebhookKind } from './webhook-kind.ts';

// Of a new branch no more commits are looked at, so this many may stand for any number.
const MAX_NEW_BRANCH_COUNT = 10;

const NO_COMMITS: ToldCommits = { listed: [], isTruncated: false };

/**
 * A push comes as one delivery for each ref. New branches and tags, and deleted tags, come as `push` and once more as
 * `create` or `delete`; a deleted branch comes as `delete` alone.
 */
export const GITEA: WebhookKind = {
  eventHeaders: ['x-forgejo-event', 'x-gitea-event'],
  deliveryHeaders: ['x-forgejo-delivery', 'x-gitea-delivery'],
  verify: (headers, body, secrets) =>
    verifyHmac(headers('x-forgejo-signature') ?? headers('x-gitea-signature'), '', body, secrets),
  readers: { push: readPush, delete: readDelete },
};

function readPush(payload: Member): ToldPush[] {
  const before = payload.at('before').hash();
  const after = payload.at('after').hash();
  const push = {
    project: readProject(payload),
    ref: payload.at('ref').ref(),
    before,
    after,
    isForced: false,
    commits: readList(payload, before, after),
    pusher: readAccount(payload.at('pusher')) ?? readAccount(payload.at('sender')),
  };
  return [push];
}

function readList(payload: Member, before: string, after: string): ToldCommits {
  const listed = readCommits(payload.at('commits'), after, { timestamp: 'date' });
  const totalCount = payload.at('total_commits').optionalInteger();
  if (!isZero(before)) return countCommits(listed, totalCount);
  // The total is that of the commits looked at.
  const { isTruncated } = countCommits(listed, totalCount);
  return { listed, isTruncated: isTruncated || listed.length >= MAX_NEW_BRANCH_COUNT };
}

function readDelete(payload: Member): ToldPush[] {
  if (payload.at('ref_type').optionalText() !== 'branch') return [];
  const format = payload.at('repository').at('object_format_name').optionalText();
  const push = {
    project: readProject(payload),
    ref: `refs/heads/${payload.at('ref').nameText()}`,
    after: '0'.repeat(format === 'sha256' ? 64 : 40),
    isForced: false,
    commits: NO_COMMITS,
    pusher: readAccount(payload.at('sender')),
  };
  return [push];
}

function readProject(payload: Member): string {
  return payload.at('repository').at('full_name').nameText();
}

// `username` is the older name of `login`.
function readAccount(account: Member): string | undefined {
  return account.at('login').optionalText() ?? account.at('username').optionalText();
}

// The push event of Bitbucket Server and Data Center. Source: confluence.atlassian.com, "Event payload", "Manage webhooks".
import { isZero } from '../core/ref.ts';
import type { Member } from './member.ts';
import { verifyHmac } from './signature.ts';
import type { ToldCommit, ToldCommits, ToldPerson, ToldPush } from './told-push.ts';
import type { Headers, WebhookKind } from './webhook-kind.ts';

/** A push comes as one delivery for all its refs; since some versions with its newest commits, by default 5. */
export const BITBUCKET_SERVER: WebhookKind = {
  eventHeaders: ['x-event-key'],
  deliveryHeaders: ['x-request-id'],
  verify: (headers, body, secrets) =>
    isUnsignedPing(headers) || verifyHmac(headers('x-hub-signature'), 'sha256=', body, secrets),
  readers: { 'repo:refs_changed': readPush },
};

// The test of the connection has no signature, whatever secret there is. It publishes nothing.
function isUnsignedPing(headers: Headers): boolean {
  return headers('x-event-key') === 'diagnostics:ping' && headers('x-hub-signature') === undefined;
}

function readPush(payload: Member): ToldPush[] {
  const repository = payload.at('repository');
  const project = `${repository.at('project').at('key').nameText()}/${repository.at('slug').nameText()}`;
  const pusher = payload.at('actor').at('name').optionalText();
  const told = readCommits(payload);
  return readList(payload.at('changes'), (change) => {
    const ref = change.at('ref').at('id').ref();
    const before = change.at('fromHash').hash();
    const after = change.at('toHash').hash();
    return {
      project,
      ref,
      before,
      after,
      isForced: false,
      commits: takeCommits(told, before, after),
      pusher,
    };
  });
}

interface ToldChild extends ToldCommit {
  readonly parents: readonly string[];
}

interface ToldByHash {
  readonly all: ReadonlySet<string>;
  /** Those that no ref has taken. */
  readonly left: Map<string, ToldChild>;
}

function readCommits(payload: Member): ToldByHash {
  const left = new Map(readList(payload.at('commits'), readCommit).map((commit) => [commit.hash, commit]));
  return { all: new Set(left.keys()), left };
}

function readCommit(commit: Member): ToldChild {
  return {
    hash: commit.at('id').hash(),
    message: commit.at('message').optionalText() ?? '',
    author: readPerson(commit.at('author')),
    committer: commit.at('committer').isAbsent ? undefined : readPerson(commit.at('committer')),
    date: readMoment(commit.at('authorTimestamp')),
    commitDate: readMoment(commit.at('committerTimestamp')),
    parents: readList(commit.at('parents'), (parent) => parent.at('id').hash()),
    files: undefined,
  };
}

function readList<T>(list: Member, read: (item: Member) => T): T[] {
  return list.items().map((item) => read(item));
}

// Where it knows the account, `name` is that, and the person's name is beside it.
function readPerson(person: Member): ToldPerson {
  const name = person.at('displayName').optionalText() ?? person.at('name').optionalText() ?? '';
  return { name, email: person.at('emailAddress').optionalText() };
}

// Milliseconds; whose offset it was is not told.
function readMoment(moment: Member): string | undefined {
  const date = new Date(moment.optionalInteger() ?? NaN);
  if (Number.isNaN(date.getTime())) return undefined;
  const text = date.toISOString().replace(/\.\d{3}Z$/, 'Z');
  return text.length === 'YYYY-MM-DDThh:mm:ssZ'.length ? text : undefined;
}

// One list is told for all refs: each takes what leads to its new value and no ref before it has taken, parents first. It has
// all of its commits only if they lead back to nothing but its old value: of anything else it is not told whether it is new.
function takeCommits(told: ToldByHash, before: string, after: string): ToldCommits {
  const listed: ToldChild[] = [];
  const entered = new Set<string>();
  let isComplete = true;
  const path = isZero(after) ? [] : [after];
  for (let hash = path.at(-1); hash !== undefined; hash = path.at(-1)) {
    const commit = told.left.get(hash);
    if (commit !== undefined && !entered.has(hash)) {
      entered.add(hash);
      for (const parent of commit.parents) path.push(parent);
      continue;
    }
    path.pop();
    if (commit !== undefined) listed.push(commit);
    told.left.delete(hash);
    isComplete &&= told.all.has(hash) || hash === before;
  }
  return { listed, isTruncated: !isComplete };
}

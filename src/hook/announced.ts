// What has been announced of a repository: for each ref the commit it was last announced at, and the tips given up since.
// Everything they reach is known, whatever other pushes do to the refs meanwhile.
import { rename } from 'node:fs/promises';
import { isObject } from '../core/json-object.ts';
import { readIfThere, replaceFile } from '../files/durable-files.ts';
import type { Git } from './git.ts';
import { findUnreached, type KnownCommits } from './new-commits.ts';
import type { PlannedRef } from './push-plan.ts';

/** What has been announced. */
export interface Announced {
  /** Commits by the refs that were announced at them; names with one character a byte. */
  readonly refs: ReadonlyMap<string, string>;
  /** Commits that refs were forced away from, or deleted at, and that no ref reached then; the oldest first. */
  readonly former: readonly string[];
  /** The commits announced last, the latest last. */
  readonly recent: readonly string[];
  /** The last push whose events are all in the outbox; empty if there was none. */
  readonly lastPush: string;
  /** Since when no history could be read whole, in milliseconds since 1970; left out while all is well. */
  readonly unreadableSinceMs?: number;
}

const HASH = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

// Most former tips; beyond it the oldest are forgotten, and what only they reach would be announced again if it came back.
const MAX_FORMER_COUNT = 10_000;

// How many of the commits announced last are noted: more than anybody stacks with dates that run backwards, and few enough
// to be written with each push. Beyond it such a commit may be announced again, with another ref.
const MAX_RECENT_COUNT = 2_000;

/** All that has been announced. */
export function knownCommits({ refs, former, recent }: Announced): KnownCommits {
  return { tips: [...new Set([...refs.values(), ...former])], recent: new Set(recent) };
}

/** What has been announced once a push has been. */
export async function announcedAfter(
  git: Git,
  { refs, former, recent, unreadableSinceMs }: Announced,
  push: string,
  plan: readonly PlannedRef[],
): Promise<Announced> {
  const next = new Map(refs);
  const leftTips = new Set<string>();
  for (const { update, action, tip } of plan) {
    const old = next.get(update.refBytes);
    if (tip === undefined) next.delete(update.refBytes);
    else next.set(update.refBytes, tip);
    const isPassed = action === 'updated' && old === update.before;
    if (old !== undefined && old !== tip && !isPassed) leftTips.add(old);
  }
  const unreached = await findUnreached(git, [...leftTips], [...next.values()]);
  const kept = [...new Set([...former, ...unreached])];
  const commits = plan.flatMap((ref) => ref.commits.map(({ hash }) => hash));
  return {
    refs: next,
    former: kept.slice(-MAX_FORMER_COUNT),
    recent: [...recent, ...commits].slice(-MAX_RECENT_COUNT),
    lastPush: push,
    ...(unreadableSinceMs !== undefined && plan.some(({ isIncomplete }) => isIncomplete)
      ? { unreadableSinceMs }
      : {}),
  };
}

/** Reads what has been announced; undefined if nothing has been noted yet, `damaged` if it is not what we write. */
export async function readAnnounced(path: string): Promise<Announced | 'damaged' | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  try {
    return parseAnnounced(JSON.parse(text.toString()));
  } catch {
    return 'damaged';
  }
}

/** Notes what has been announced, in one step. */
export async function writeAnnounced(path: string, announced: Announced): Promise<void> {
  const value = { ...announced, refs: Object.fromEntries(announced.refs) };
  await replaceFile(path, `${JSON.stringify(value, null, 1)}\n`);
}

/** Takes a damaged file out of the way. Gives the name it has now. */
export async function setAnnouncedAside(path: string): Promise<string> {
  await rename(path, `${path}.damaged`);
  return `${path}.damaged`;
}

function parseAnnounced(value: unknown): Announced | 'damaged' {
  if (!isObject(value)) return 'damaged';
  const { refs, former, recent, lastPush, unreadableSinceMs } = value;
  if (!isObject(refs) || !areHashes(Object.values(refs))) return 'damaged';
  if (!areHashes(former) || !areHashes(recent) || typeof lastPush !== 'string') return 'damaged';
  return {
    refs: new Map(Object.entries(refs) as [string, string][]),
    former,
    recent,
    lastPush,
    ...(typeof unreadableSinceMs === 'number' ? { unreadableSinceMs } : {}),
  };
}

function areHashes(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((hash) => typeof hash === 'string' && HASH.test(hash));
}

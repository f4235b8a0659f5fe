// `gitpubsub wait`: for scripts that go on when a commit or a push was announced.
import { isCommitEvent, isPushEvent } from '../client/commit-guards.ts';
import { subscribe } from '../client/subscribe.ts';
import type { StreamEvent } from '../client/stream-item.ts';
import { GitPubSubError } from '../core/errors.ts';
import { withToken, type ClientToken, type TokenFlags } from './client-token.ts';
import { invalidUsage, parseDurationMs, parseSince } from './flag-values.ts';
import { describeEvent } from './item-text.ts';
import { createConnectionNotices, notify, notifyGap } from './notices.ts';
import { printLine } from './standard-output.ts';
import { readOutput } from './subscribe-flags.ts';

/** As they were typed. */
export interface WaitFlags extends TokenFlags {
  readonly commit?: string;
  readonly project?: string;
  readonly ref?: string;
  readonly timeout?: string;
  readonly since?: string;
  readonly output?: string;
  readonly unixSocket?: string;
}

// Source: timeout(1) of coreutils
const EXIT_TIMED_OUT = 124;

const DEFAULT_TIMEOUT = '5m';
const DEFAULT_SINCE = '1h';
const HASH = /^[0-9a-f]{7,64}$/i;

/** Waits for one event, and prints it. Returns the exit status. */
export function runWait(url: string, flags: WaitFlags): Promise<number> {
  return withToken(url, flags, (token) => waitFor(url, flags, token));
}

async function waitFor(url: string, flags: WaitFlags, token: ClientToken): Promise<number> {
  const commit = readCommit(flags);
  const isText = readOutput(flags.output);
  const timeout = flags.timeout ?? DEFAULT_TIMEOUT;
  const timeoutMs = parseDurationMs('--timeout', timeout);
  // Why: with no time at all it would not even look back.
  const isLookingBack = timeoutMs === 0;
  const signal = isLookingBack ? undefined : AbortSignal.timeout(timeoutMs);
  const { project, ref, unixSocket: socketPath } = flags;
  // One stream does both, looking back and waiting, so nothing is missed between them.
  const subscription = subscribe(url, {
    ...parseSince('--since', flags.since ?? DEFAULT_SINCE, Date.now()),
    filters: {
      type: commit === undefined ? ['push'] : ['push', 'commit'],
      ...(project === undefined ? {} : { project: [project] }),
      ...(ref === undefined ? {} : { ref: [ref] }),
    },
    ...token.options,
    ...(isLookingBack ? { once: true, maxRetries: 0 } : { signal }),
    onConnection: createConnectionNotices(token.explain),
    ...(socketPath === undefined ? {} : { socketPath }),
  });
  try {
    for await (const item of subscription) {
      if (item.type === 'gap') notifyGap(item);
      else if (isWanted(item, commit)) {
        await printLine(isText ? describeEvent(item, new Date()) : item.line);
        return 0;
      }
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
  notify(`not seen within ${timeout}`);
  return EXIT_TIMED_OUT;
}

function readCommit({ commit, project, ref }: WaitFlags): string | undefined {
  if (commit === undefined && project === undefined && ref === undefined)
    throw new GitPubSubError('invalid-usage', 'Say what to wait for: --commit, --project, --ref.');
  if (commit !== undefined && !HASH.test(commit))
    throw invalidUsage('--commit', commit, 'a hash, 7 to 64 hexadecimal digits');
  return commit?.toLowerCase();
}

// A ref that was set to a commit which was known before is only in its push, so pushes count for commits as well.
function isWanted({ value }: StreamEvent, commit: string | undefined): boolean {
  if (isCommitEvent(value)) return commit !== undefined && value.commit.hash.startsWith(commit);
  if (!isPushEvent(value) || value.push.action === 'deleted') return false;
  return commit === undefined || value.push.after.startsWith(commit);
}

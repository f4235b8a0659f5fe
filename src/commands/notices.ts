// What a subscriber's person should know beside the events: on standard error, so that it is in no pipe.
import type { StreamGap } from '../client/stream-item.ts';
import type { ConnectionChange } from '../client/subscribe-options.ts';
import { toPrintable } from '../core/printable.ts';

const GAP_REASONS: ReadonlyMap<string, string> = new Map([
  ['expired', 'the broker does not hold all of them any more'],
  ['unknown', 'the broker has another database than before, or a restored one'],
]);

/** Says something. */
export function notify(message: string): void {
  process.stderr.write(`gitpubsub: ${toPrintable(message)}\n`);
}

/** Says that events are missing. */
export function notifyGap({ reason, requested, oldest }: StreamGap): void {
  const start = Number.isFinite(oldest) ? new Date(oldest * 1000).toISOString() : 'the oldest one';
  notify(
    `events after ${requested} are missing: ${GAP_REASONS.get(reason) ?? reason}; going on with what it holds since ${start}`,
  );
}

/**
 * Makes a listener that says when a connection is lost, and when it is there again; not how often it was tried. `explain` is
 * given the reason.
 */
export function createConnectionNotices(
  explain: (reason: string) => string,
): (change: ConnectionChange) => void {
  let lastReason: string | undefined;
  return (change) => {
    if (change.state === 'connected') {
      if (lastReason !== undefined) notify('connected again');
      lastReason = undefined;
    } else if (change.reason !== lastReason) {
      notify(`no connection: ${explain(change.reason)}; trying again`);
      lastReason = change.reason;
    }
  };
}

// Where the newest events of a selection begin, found from the end of the log. It waits its turn among those who replay.
import type { EventLog, LookBackRequest } from '../eventlog/event-log.ts';
import type { ReplayQueue } from './replay-queue.ts';

/** Most looks for one request; beyond them fewer events come than were asked for, and the client may ask on from there. */
const MAX_LOOKS = 32;

/**
 * The offset after which the newest selected events begin, at most `maxEvents` of them; 0 of them if the log holds none.
 * @throws GitPubSubError `log-unavailable`
 */
export async function findNewest(
  eventLog: EventLog,
  queue: ReplayQueue,
  { selection, upTo, maxEvents }: LookBackRequest,
): Promise<number> {
  let after = upTo;
  let wanted = maxEvents;
  for (let looks = 0; looks < MAX_LOOKS && wanted > 0 && after >= eventLog.firstOffset; looks++) {
    await takeTurn(queue);
    const looked = await eventLog.lookBack({ selection, upTo: after, maxEvents: wanted });
    after = looked.after;
    wanted -= looked.count;
  }
  return after;
}

function takeTurn(queue: ReplayQueue): Promise<void> {
  return new Promise((resolve) => queue.add({ replayStep: async () => resolve() }));
}

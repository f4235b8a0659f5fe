// Publishes the events of a push in order and says how it went. Knows no git.
import type { PublishOutcome, Publisher } from '../client/publisher.ts';
import type { OutgoingEvent } from './push-events.ts';
import type { RefUpdate } from './ref-update.ts';

/** How far a delivery came. */
export interface Delivery {
  readonly storedCount: number;
  /** Events that can never be stored as they are; the others went on without them. */
  readonly refusals: readonly string[];
  /** Why it stopped before the last event; undefined if it did not. */
  readonly failure: string | undefined;
}

/** What a delivery needs of a publisher. */
export type PublishFunction = Publisher['publish'];

// Answers about one event, not about the broker: invalid, too large. The next event may do better.
const EVENT_STATUSES: readonly number[] = [400, 413];

/** Publishes one event after the other, and stops at the first failure that would meet the next one too. */
export async function deliver(
  events: AsyncIterable<OutgoingEvent>,
  publish: PublishFunction,
  pathFor: (update: RefUpdate) => string,
): Promise<Delivery> {
  let storedCount = 0;
  const refusals: string[] = [];
  try {
    for await (const { update, event } of events) {
      const outcome = await publish(pathFor(update), JSON.stringify(event));
      if (outcome.kind === 'stored') storedCount++;
      else if (isAboutEvent(outcome)) refusals.push(`${nameEvent(event)} (${describeOutcome(outcome)})`);
      else return { storedCount, refusals, failure: describeOutcome(outcome) };
    }
    return { storedCount, refusals, failure: undefined };
  } catch (error) {
    return { storedCount, refusals, failure: error instanceof Error ? error.message : String(error) };
  }
}

/** One line for whoever pushed; undefined if all is well. */
export function describeDelivery(delivery: Delivery, totalCount: number, broker: URL): string | undefined {
  const { storedCount, refusals, failure } = delivery;
  const lostCount = totalCount - storedCount;
  if (lostCount === 0) return undefined;
  const reason = failure ?? `the first is ${refusals[0]}`;
  return `${lostCount} of ${totalCount} events were not published to ${broker.origin}: ${reason}`;
}

function isAboutEvent(outcome: PublishOutcome): boolean {
  return outcome.kind === 'refused' && EVENT_STATUSES.includes(outcome.status);
}

function describeOutcome(outcome: Exclude<PublishOutcome, { kind: 'stored' }>): string {
  return outcome.kind === 'unreachable' ? outcome.reason : `${outcome.status} ${outcome.reason}`.trim();
}

function nameEvent(event: OutgoingEvent['event']): string {
  if ('commit' in event) return `commit ${event.commit.shortHash} on ${event.commit.ref}`;
  return `the push of ${event.push.ref}`;
}

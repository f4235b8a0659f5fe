// What "at once" means for a client: it reports each event before the next one is published.
import { expect } from 'vitest';
import type { ClientProcess } from './client-process.ts';

/** Longest wait for one event; clearly below the interval of keep-alives, so that none of those can bring the event. */
const EVENT_DEADLINE_MS = 3_000;

/** Publishes one event after the other, each as soon as the client has reported the one before. */
export async function expectOneByOne(
  client: ClientProcess,
  events: readonly string[],
  publishEvent: (event: string) => unknown,
  deadlineMs: number = EVENT_DEADLINE_MS,
): Promise<void> {
  for (const [index, event] of events.entries()) {
    await publishEvent(event);
    await client.waitForEvents(index + 1, deadlineMs);
    expect(client.events).toEqual(events.slice(0, index + 1));
  }
}

// The hook as a whole: from the lines git gives it to events in the broker.
import { Publisher } from '../client/publisher.ts';
import { deliver, describeDelivery } from './delivery.ts';
import { Git, type Environment } from './git.ts';
import { findKnownTips } from './new-commits.ts';
import { findPusher } from './push-details.ts';
import { makePushEvents } from './push-events.ts';
import { countEvents, planPush } from './push-plan.ts';
import { parseRefUpdates } from './ref-update.ts';
import { readSettings } from './settings.ts';

/**
 * Announces a push in the repository that the environment or the working directory names.
 * @returns one line about what was not published; undefined if all is well
 * @throws Error if the lines, the configuration or the repository can't be read
 */
export async function announcePush(lines: Buffer, environment: Environment): Promise<string | undefined> {
  const updates = parseRefUpdates(lines);
  if (updates.length === 0) return undefined;
  const git = new Git(environment);
  const { broker, project, pathFor } = await readSettings(git, environment);
  for (const update of updates) pathFor(update); // Why: a topic that cannot be is told of before anything is published.
  const plan = await planPush(git, updates, await findKnownTips(git, updates));
  const events = makePushEvents(git, plan, project, findPusher(environment));
  const publisher = new Publisher(broker);
  try {
    const delivery = await deliver(events, (path, json) => publisher.publish(path, json), pathFor);
    return describeDelivery(delivery, countEvents(plan), broker);
  } finally {
    publisher.close();
  }
}

// Subscribing, as a program does it.
import { toBrokerUrl } from './broker-url.ts';
import { checkSubscribeOptions, checkSubscribeQuery } from './check-options.ts';
import type { SubscribeOptions } from './subscribe-options.ts';
import { Subscription } from './subscription.ts';

/**
 * Subscribes to a topic and everything below it, for as long as you loop:
 *
 *     for await (const item of subscribe('http://localhost:2069/json', { since: 0 })) {
 *       if (item.type === 'event') console.log(item.topic, item.value);
 *       else console.log('events are missing:', item.reason);
 *     }
 *
 * Lost connections are made again where the last one ended, so within one run every event comes exactly once and in order.
 * Across runs it is at least once: save {@link Subscription.cursor} after you have dealt with an event, and start with it.
 * Nothing is read ahead of the loop but what fits into the socket's buffers.
 * @throws GitPubSubError `invalid-usage` for the URL, `invalid-cursor` for the cursor
 * @throws TypeError for an option that there is not, and for values of the wrong kind
 * @throws RefusedError in the loop, when the server refuses for good (4xx other than 408 and 429, or no broker at all)
 */
export function subscribe<Value = unknown>(
  url: string | URL,
  options: SubscribeOptions = {},
): Subscription<Value> {
  const broker = toBrokerUrl(url);
  checkSubscribeQuery(broker);
  checkSubscribeOptions(options);
  return new Subscription(broker, options);
}

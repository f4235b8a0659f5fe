// How an event looks where the format tells its topic, time and cursor; written down here a second time, on purpose.
import type { Acknowledgement } from './publisher.ts';

/** The text of a published object as P13 and P14 show it; the topic needs no escapes, the object has members. */
export function toEventObject(topic: string, body: string, { timestamp, cursor }: Acknowledgement): string {
  const segments = JSON.stringify(topic.split('/').slice(1));
  const where = `"pubsub_path":"${topic}","pubsub_topics":${segments}`;
  return `${body.slice(0, -1)},"pubsub_timestamp":${timestamp.toFixed(3)},${where},"pubsub_cursor":"${cursor}"}`;
}

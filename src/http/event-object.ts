// An event as one JSON object that also tells where and when it was published. [P13]
import type { Event } from '../core/event.ts';
import { topicSegments, type Topic } from '../core/topic.ts';
import { toSeconds } from './seconds.ts';
import type { GapNotice } from './stream-format.ts';

/** The cursor of an offset, as text. */
export type CursorAt = (offset: number) => string;

/** Makes the JSON text of each event; topics come again and again, so what they look like is kept for one call. */
export function toEventObjects(events: readonly Event[], cursorAt: CursorAt): string[] {
  const topics = new Map<Topic, string>();
  return events.map((event) => {
    let topicMembers = topics.get(event.topic);
    if (topicMembers === undefined) {
      topicMembers = describeTopic(event.topic);
      topics.set(event.topic, topicMembers);
    }
    return toEventObject(event, topicMembers, cursorAt(event.offset));
  });
}

/** The JSON text of a keep-alive. */
export function toKeepAliveObject(timeMs: number, cursor: string): string {
  return `{"stillalive": ${toSeconds(timeMs)},"pubsub_cursor":"${cursor}"}`;
}

/** The JSON text of a gap notice; `oldestMs` is the time of the oldest event held. [P21] */
export function toGapObject({ reason, requested }: GapNotice, oldestMs: number, cursor: string): string {
  const gap = `{"requested":${JSON.stringify(requested)},"oldest":${toSeconds(oldestMs)},"reason":"${reason}"}`;
  return `{"pubsub_gap":${gap},"pubsub_cursor":"${cursor}"}`;
}

// Ours stand at the end, where they win over members of the same name.
function toEventObject({ payload, timeMs }: Event, topicMembers: string, cursor: string): string {
  const members = `"pubsub_timestamp":${toSeconds(timeMs)},${topicMembers},"pubsub_cursor":"${cursor}"}`;
  if (!payload.startsWith('{')) return `{"pubsub_payload":${payload},${members}`;
  return payload === '{}' ? `{${members}` : `${payload.slice(0, -1)},${members}`;
}

function describeTopic(topic: Topic): string {
  return `"pubsub_path":${JSON.stringify(topic)},"pubsub_topics":${JSON.stringify(topicSegments(topic))}`;
}

// What the page shows of an event, as plain text: no HTML is made of anything that was published.
import { commitView } from './commit-view.ts';
import type { EventText } from './event-text.ts';
import { jsonView } from './json-view.ts';
import { pushView } from './push-view.ts';
import type { EventItem } from './stream-item.ts';
import { toRecord } from './unknown-value.ts';

/** An event, ready to be shown. */
export interface EventView extends EventText {
  readonly cursor: string;
  /** UTC milliseconds. */
  readonly timeMs: number;
  readonly topic: string;
}

/** What is shown of an event of any shape. */
export function viewEvent(item: EventItem): EventView {
  const { cursor, timeMs, topic, members } = item;
  const commit = toRecord(members['commit']);
  const push = toRecord(members['push']);
  const text = commit ? commitView(commit) : push ? pushView(push) : jsonView(item);
  return { ...text, cursor, timeMs, topic };
}

/** What the filter box looks at: what is to be seen of an event while it is closed, and full hashes. */
export function searchText(view: EventView): string {
  const { label, project, ref, title, by, topic, facts } = view;
  const hash = facts.find(([name]) => name === 'Commit')?.[1] ?? view.shortHash;
  return [label, project, ref, hash, title, by, topic].join('\n').toLowerCase();
}

/** An event in one sentence, for those who hear it. */
export function speakEvent({ label, project, ref, title, by }: EventView): string {
  const place = [project, ref].filter((part) => part !== '').join(' ');
  const words = title.length > 120 ? `${title.slice(0, 120)}…` : title;
  return `${label}${place && ` in ${place}`}: ${words}${by && `, by ${by}`}`;
}

// What the page shows of everything that is neither a commit nor a push: the JSON itself.
import type { EventText } from './event-text.ts';
import { indentJson, payloadText } from './json-text.ts';
import type { EventItem } from './stream-item.ts';

/** Longer JSON is cut in a closed row, in characters; open, it is there as a whole. */
const MAX_TITLE_LENGTH = 400;

/** Shows an event as JSON. */
export function jsonView({ line, topic }: EventItem): EventText {
  const json = payloadText(line);
  return {
    tone: 'json',
    label: 'JSON',
    project: '',
    ref: '',
    shortHash: '',
    title: json.length > MAX_TITLE_LENGTH ? `${json.slice(0, MAX_TITLE_LENGTH)}…` : json,
    by: '',
    more: `${topic} · details`,
    facts: [],
    text: indentJson(json),
    files: [],
    isCut: false,
  };
}

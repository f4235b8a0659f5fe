// What stands in the list: an event, or a notice that some are missing.
import type { EventView } from './event-view.ts';
import type { GapItem } from './stream-item.ts';
import { fullTime } from './times.ts';

/** A line of the list that is no event. */
export interface Notice {
  readonly label: string;
  readonly words: string;
  /** UTC milliseconds. */
  readonly timeMs: number;
}

/** One row's content. */
export type Entry =
  { readonly kind: 'event'; readonly view: EventView } | { readonly kind: 'notice'; readonly notice: Notice };

/** A gap in words. [P21] */
export function gapNotice({ reason, oldestMs }: GapItem, nowMs: number): Notice {
  const words =
    reason === 'unknown'
      ? 'The server has another log now, or an older copy of it. Events may be missing; what it holds follows, some of it perhaps again.'
      : `Some events were removed before they could be shown here. It goes on with the oldest one held, of ${fullTime(oldestMs)}.`;
  return { label: 'events missing', words, timeMs: nowMs };
}

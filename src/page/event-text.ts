// What there is to say of an event.

/** How an event looks; the label says it in words. */
export type Tone = 'commit' | 'push' | 'created' | 'tag' | 'forced' | 'deleted' | 'json';

/** What an event says. */
export interface EventText {
  readonly tone: Tone;
  /** What kind of event it is. */
  readonly label: string;
  readonly project: string;
  /** The short name of the branch or tag. */
  readonly ref: string;
  readonly shortHash: string;
  /** A commit's subject, what a push did, or the published JSON. */
  readonly title: string;
  /** Who; empty where nobody is named. */
  readonly by: string;
  /** What opening it shows. */
  readonly more: string;
  /** Names and values, for those who want to know more; what different people chose are different parts of a value. */
  readonly facts: readonly (readonly [name: string, ...parts: string[]])[];
  /** A longer text: the rest of a message, or JSON. */
  readonly text: string;
  readonly files: readonly string[];
  /** More files than listed. */
  readonly isCut: boolean;
}

/** A name and a value without the parts that are empty. */
export function withoutGaps([name, ...parts]: EventText['facts'][number]): EventText['facts'][number] {
  return [name, ...parts.filter((part) => part !== '')];
}

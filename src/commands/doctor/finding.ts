// What the doctor has found, in plain words.

/** `bad` needs mending, `note` is good to know. */
export type Verdict = 'ok' | 'bad' | 'note';

/** What the lines of a proxy's configuration can mend. */
export type Ailment = 'buffering' | 'idle' | 'address' | 'http-version';

/** One sentence about the way to the broker. */
export interface Finding {
  readonly verdict: Verdict;
  readonly text: string;
  readonly ailment?: Ailment;
}

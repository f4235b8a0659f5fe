// A batch: events that are published together, under one key, once they are written down so. Pure: knows no files.
import { randomUUID } from 'node:crypto';
import { MAX_BATCH_BYTES } from '../client/batches.ts';
import type { CommitEvent, PushEvent } from '../core/commit-event.ts';

/** Where events go. */
export interface Target {
  /** A path, percent-encoded, at the repository's broker; or a full URL. */
  readonly target: string;
  /** Why nothing can ever be published there. */
  readonly refusal?: string;
}

/** Events that go to one place in one request. Never changed once it is made: the key stands for exactly these. [P9] */
export interface Batch extends Target {
  readonly key: string;
  /** JSON texts. */
  readonly events: readonly string[];
}

/** What describes a batch in a file. */
export interface BatchHead extends Omit<Batch, 'events'> {
  readonly count: number;
}

/** An event on its way out. */
export interface OutgoingEvent extends Target {
  readonly event: CommitEvent | PushEvent;
}

// Most events in a batch: few enough that one which can't be stored costs little, many enough that 10,000 take a second.
const MAX_BATCH_EVENTS = 200;

/** Makes a batch of events that were in none. */
export function makeBatch(target: Target, events: readonly string[]): Batch {
  return { ...target, key: randomUUID(), events };
}

/** Cuts a stream of events into batches of neighbours that go to one place. */
export async function* cutBatches(
  events: AsyncIterable<OutgoingEvent>,
): AsyncGenerator<Batch, void, undefined> {
  let open: { readonly place: Target; readonly texts: string[]; bytes: number } | undefined;
  for await (const { event, ...place } of events) {
    const text = JSON.stringify(event);
    const bytes = Buffer.byteLength(text) + 1;
    if (open !== undefined && (open.place.target !== place.target || isFull(open, bytes))) {
      yield makeBatch(open.place, open.texts);
      open = undefined;
    }
    open ??= { place, texts: [], bytes: 0 };
    open.texts.push(text);
    open.bytes += bytes;
  }
  if (open !== undefined) yield makeBatch(open.place, open.texts);
}

/** Divides a batch that was refused as a whole into one for each event, under new keys. */
export function divideBatch({ events, ...target }: Batch): Batch[] {
  return events.map((event) => makeBatch(target, [event]));
}

/** Writes a batch as lines: one that describes it, then one for each event. */
export function formatBatch({ events, ...head }: Batch): string {
  return [JSON.stringify({ ...head, count: events.length }), ...events].map((line) => `${line}\n`).join('');
}

/** Reads any number of batches. @throws Error if the text is not what {@link formatBatch} writes */
export function parseBatches(text: string): Batch[] {
  const lines = text.split('\n').slice(0, -1);
  const batches: Batch[] = [];
  for (let index = 0; index < lines.length;) {
    const { count, ...head } = parseHead(lines[index] ?? '');
    const events = lines.slice(index + 1, index + 1 + count);
    if (events.length !== count) throw new Error('This is no batch.');
    batches.push({ ...head, events });
    index += 1 + count;
  }
  return batches;
}

/** Reads what describes the first batch of a text, which may end anywhere after that. @throws Error if it is none */
export function parseHead(text: string): BatchHead {
  const head = JSON.parse(text.split('\n', 1)[0] ?? '') as BatchHead;
  if (typeof head.key !== 'string' || !isTarget(head)) throw new Error('This is no batch.');
  return head;
}

function isTarget({ target, refusal }: Target): boolean {
  if (typeof target !== 'string') return false;
  return refusal !== undefined || target.startsWith('/') || URL.canParse(target);
}

function isFull(
  open: { readonly texts: readonly string[]; readonly bytes: number },
  nextBytes: number,
): boolean {
  return open.texts.length === MAX_BATCH_EVENTS || open.bytes + nextBytes > MAX_BATCH_BYTES;
}

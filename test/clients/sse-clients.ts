// Clients of Server-Sent Events that people use, all behind one interface: a stream's events, and what else its user sees of it.
// They resume by themselves; nothing here helps them.
import { EventSource } from 'eventsource';
import { createEventSource } from 'eventsource-client';
import { pollUntil } from '../support/deadline.ts';

/** What a client's user was told so far. */
export interface SseRecord {
  /** The data of the unnamed events: what the broker's users published. */
  readonly events: string[];
  /** `open` for each connection, and the names of the named events. */
  readonly notes: string[];
}

/** One client with its stream. */
export interface SseStream extends SseRecord {
  close(): Promise<void> | void;
}

export interface SseClient {
  readonly name: string;
  /** Subscribes. */
  connect(url: string): Promise<SseStream> | SseStream;
}

export const npmClients: readonly SseClient[] = [
  { name: 'eventsource of npm', connect: connectEventSource },
  { name: 'eventsource-client of npm', connect: connectEventSourceClient },
];

/** Resolves once the client has reported so many events. */
export async function waitForEvents(stream: SseRecord, count: number): Promise<void> {
  await pollUntil(() => stream.events.length >= count || undefined, `event ${count}; ${describe(stream)}`);
}

/** Resolves once the client has connected so many times. */
export async function waitForOpen(stream: SseRecord, count: number): Promise<void> {
  const countOpens = (): number => stream.notes.filter((note) => note === 'open').length;
  await pollUntil(() => countOpens() >= count || undefined, `connection ${count}; ${describe(stream)}`);
}

function describe({ events, notes }: SseRecord): string {
  return `${events.length} events so far; ${notes.join(', ')}`;
}

function connectEventSource(url: string): SseStream {
  const record: SseRecord = { events: [], notes: [] };
  const source = new EventSource(url);
  source.addEventListener('open', () => record.notes.push('open'));
  source.addEventListener('message', ({ data }) => record.events.push(String(data)));
  for (const name of ['start', 'gap']) source.addEventListener(name, () => record.notes.push(name));
  return { ...record, close: () => source.close() };
}

function connectEventSourceClient(url: string): SseStream {
  const record: SseRecord = { events: [], notes: [] };
  const source = createEventSource({
    url,
    onConnect: () => record.notes.push('open'),
    onMessage: ({ event, data }) => {
      if (event === undefined) record.events.push(data);
      else record.notes.push(event);
    },
  });
  return { ...record, close: () => source.close() };
}

// The formats by name, and which of them a client wants. [P11, P13, P14, P18]
import { DefaultFormat } from './default-format.ts';
import type { CursorAt } from './event-object.ts';
import { NdjsonFormat } from './ndjson-format.ts';
import { SseFormat } from './sse-format.ts';
import { LiveEncoder, PollEncoder, type StreamEncoder } from './stream-format.ts';

/** What `?format=` takes. */
export const FORMAT_NAMES = ['gitpubsub', 'ndjson', 'sse'] as const;

/** A format's name. */
export type FormatName = (typeof FORMAT_NAMES)[number];

/** What an `Accept` header may get: a format, or the live page. [P15] */
export type Negotiated = FormatName | 'html';

/** The encoders of every format, for streams and for polls; one set for a whole server. */
export interface Encoders {
  readonly live: Readonly<Record<FormatName, StreamEncoder>>;
  readonly poll: Readonly<Record<Exclude<FormatName, 'sse'>, StreamEncoder>>;
}

/** Makes the encoders of one broker's log. */
export function createEncoders(cursorAt: CursorAt): Encoders {
  const [gitpubsub, ndjson] = [new DefaultFormat(), new NdjsonFormat(cursorAt)];
  return {
    live: {
      gitpubsub: new LiveEncoder(gitpubsub),
      ndjson: new LiveEncoder(ndjson),
      sse: new LiveEncoder(new SseFormat(cursorAt)),
    },
    poll: { gitpubsub: new PollEncoder(gitpubsub), ndjson: new PollEncoder(ndjson) },
  };
}

const NAMES_BY_MEDIA_TYPE: ReadonlyMap<string, Negotiated> = new Map([
  ['application/x-gitpubsub', 'gitpubsub'],
  ['application/x-ndjson', 'ndjson'],
  ['text/event-stream', 'sse'],
  ['text/html', 'html'],
]);

// What Java's HttpURLConnection sends unless it is told otherwise; it is no browser, and would not know what to do with a page.
const NO_BROWSER = /^text\/html, image\/gif, image\/jpeg, /;

/** What the `Accept` headers, joined by commas, prefer; the default format if they name none of ours. */
export function negotiateFormat(accept: string): Negotiated {
  if (NO_BROWSER.test(accept)) return 'gitpubsub';
  let best: { name: Negotiated; quality: number } = { name: 'gitpubsub', quality: 0 };
  for (const range of accept.split(',')) {
    const [mediaType = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const name = NAMES_BY_MEDIA_TYPE.get(mediaType);
    const quality = readQuality(parameters);
    if (name && quality > best.quality) best = { name, quality };
  }
  return best.name;
}

function readQuality(parameters: readonly string[]): number {
  const text = parameters.find((parameter) => parameter.startsWith('q='));
  return text === undefined ? 1 : Number(text.slice(2)) || 0;
}

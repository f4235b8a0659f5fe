// What a stream's chunks hold, in each of the formats: events, keep-alives and what else there is, as they came.
// It knows where one thing ends and the next begins; what they must look like the tests decide.

import { StringDecoder } from 'node:string_decoder';

/** One thing that a stream told. */
export type StreamItem =
  | {
      readonly kind: 'event';
      /** The JSON, without what the format puts around it. */
      readonly text: string;
      /** Where the stream stands behind it; missing in the default format. */
      readonly cursor?: string;
    }
  | {
      readonly kind: 'keep-alive';
      readonly text: string;
      readonly seconds: number;
      readonly notation: string;
      readonly cursor?: string;
    }
  | {
      /** `gap`, or whatever else is no event and no keep-alive: the name of an SSE event, or `retry`. */
      readonly kind: 'notice';
      readonly name: string;
      readonly text: string;
      readonly cursor?: string;
    };

/** Makes items of chunks, in order; what is not complete yet waits for the next chunk. */
export type TakeChunk = (chunk: Buffer) => StreamItem[];

/** The taker of chunks for a format, by its media type. */
export function createTaker(mediaType: string | undefined): TakeChunk {
  if (mediaType === 'application/x-ndjson') return splitAt('\n', toLineItem);
  if (mediaType === 'text/event-stream') return splitAt('\n\n', toBlockItem);
  return (chunk) => [toChunkItem(chunk)];
}

/** The member `pubsub_cursor` at the end of an object. */
export function findCursor(json: string): string | undefined {
  return /"pubsub_cursor":"([^"]*)"\}$/.exec(json.slice(-100))?.[1];
}

const SHORTEST_EVENT_LENGTH = 200;

function toChunkItem(chunk: Buffer): StreamItem {
  const text = chunk.toString('latin1');
  const isShort = chunk.length < SHORTEST_EVENT_LENGTH;
  const notation = isShort ? /^\{"stillalive": ?(-?\d+(?:\.\d+)?)\}\r\n$/.exec(text)?.[1] : undefined;
  if (notation === undefined) return { kind: 'event', text: text.replace(/\r\n$/, '') };
  return { kind: 'keep-alive', text, seconds: Number(notation), notation };
}

function toLineItem(line: string): StreamItem {
  const isShort = line.length < SHORTEST_EVENT_LENGTH;
  const cursor = findCursor(line) ?? '';
  const notation = isShort
    ? /^\{"stillalive": (\d+\.\d+),"pubsub_cursor":"[^"]*"\}$/.exec(line)?.[1]
    : undefined;
  if (notation !== undefined)
    return { kind: 'keep-alive', text: line, seconds: Number(notation), notation, cursor };
  if (line.startsWith('{"pubsub_gap":')) return { kind: 'notice', name: 'gap', text: line, cursor };
  return { kind: 'event', text: line, cursor };
}

function toBlockItem(block: string): StreamItem {
  const event = /^id: ([^\n]*)\ndata: ([^\n]*)$/.exec(block);
  if (event) return { kind: 'event', text: event[2] ?? '', cursor: event[1] ?? '' };
  const keepAlive = /^: stillalive (\d+\.\d+)\nid: ([^\n]*)$/.exec(block);
  if (keepAlive) {
    const [text, notation = '', cursor = ''] = keepAlive;
    return { kind: 'keep-alive', text, seconds: Number(notation), notation, cursor };
  }
  const notice = /^event: ([^\n]*)\nid: ([^\n]*)\ndata: ([^\n]*)$/.exec(block);
  if (notice)
    return { kind: 'notice', name: notice[1] ?? '', cursor: notice[2] ?? '', text: notice[3] ?? '' };
  return { kind: 'notice', name: block.split(':')[0] ?? '', text: block };
}

function splitAt(separator: string, toItem: (part: string) => StreamItem): TakeChunk {
  const decoder = new StringDecoder('utf8');
  let pending = '';
  return (chunk) => {
    const parts = (pending + decoder.write(chunk)).split(separator);
    pending = parts.pop() ?? '';
    return parts.map(toItem);
  };
}

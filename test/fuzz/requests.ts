// Requests for a broker: most of them as HTTP has them with anything inside, some not even that.

import type { Random } from '../support/random.ts';
import {
  makeCursor,
  makeJson,
  makePath,
  makeQuery,
  makeText,
  makeTime,
  makeWildText,
  mutate,
  pick,
} from './texts.ts';

/** What is sent, and what must be known to judge the answer. */
export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly bytes: Buffer;
  /** The events of the body, if it is taken. */
  readonly body: Buffer;
  readonly isBatch: boolean;
}

const OTHER_METHODS = ['GET', 'GET', 'GET', 'HEAD', 'OPTIONS', 'DELETE', 'post', 'X'];

type Header = readonly [name: string, value: string];

// What the library refuses by itself in a request line or a header's value is left to broken requests.
const notInTarget = /[\0-\u0020\u007f]/g; // eslint-disable-line no-control-regex
const notInValue = /[\0-\u0008\u000a-\u001f\u007f]/g; // eslint-disable-line no-control-regex

/** A request in good form, with anything in it. */
export function makeRequest(random: Random): FuzzRequest {
  const method = random.oneIn(3) ? pick(random, OTHER_METHODS) : pick(random, ['POST', 'POST', 'PUT']);
  // Why: with anything in it, a path is no topic most of the time, and then nothing else is looked at.
  const anyPath = random.oneIn(3) ? makePath(random) : `/fuzz/${encodeURIComponent(makeText(random, 3))}`;
  const path = anyPath.replaceAll(notInTarget, '').replaceAll(/[?#]/g, '');
  const query = random.oneIn(2) ? '' : `?${makeQuery(random).replaceAll(notInTarget, '')}`;
  // Why poll: an endless answer would have to be broken off each time.
  const target = method === 'GET' ? `${path}${query === '' ? '?' : `${query}&`}poll=1` : path + query;
  const isBatch = random.oneIn(4);
  const hasBody = method === 'POST' || method === 'PUT' || random.oneIn(10);
  const body = hasBody ? makeBody(random, isBatch) : Buffer.alloc(0);
  const headers = [
    ...(isBatch ? [['Content-Type', 'application/x-ndjson'] as const] : []),
    ...makeHeaders(random),
  ];
  const framed = hasBody ? frame(random, body) : { headers: [], bytes: body };
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: localhost'];
  for (const [name, value] of [...headers, ...framed.headers])
    lines.push(`${name}: ${value.replaceAll(notInValue, '')}`);
  const bytes = Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), framed.bytes]);
  return { method, path, bytes, body, isBatch };
}

/** A request with some of its bytes changed. */
export function makeBrokenRequest(random: Random): Buffer {
  const { bytes } = makeRequest(random);
  return random.oneIn(3) ? Buffer.from(makeWildText(random, 20)) : mutate(random, mutate(random, bytes));
}

function makeBody(random: Random, isBatch: boolean): Buffer {
  const lines = Array.from({ length: isBatch ? 1 + random.below(4) : 1 }, () =>
    isBatch ? makeJson(random).replaceAll(/[\r\n]/g, ' ') : makeJson(random),
  );
  const bytes = Buffer.from(lines.join('\n'));
  return random.oneIn(4) ? mutate(random, bytes) : bytes;
}

function makeHeaders(random: Random): Header[] {
  return random.oneIn(2) ? [] : Array.from({ length: 1 + random.below(2) }, () => makeHeader(random));
}

function makeHeader(random: Random): Header {
  const make = pick<(choices: Random) => Header>(random, [
    (choices) => ['X-Fetch-Since', makeTime(choices)],
    (choices) => ['X-Fetch-Since-Cursor', makeCursor(choices)],
    (choices) => ['Last-Event-ID', makeCursor(choices)],
    (choices) => [
      'Idempotency-Key',
      choices.oneIn(3) ? makeWildText(choices) : `key-${String(choices.below(40))}`,
    ],
    (choices) => [
      'Accept',
      pick(choices, ['text/event-stream', 'application/x-ndjson', '*/*', makeText(choices)]),
    ],
    (choices) => ['Origin', pick(choices, ['null', 'https://listed.example', makeText(choices)])],
    (choices) => ['X-Forwarded-For', makeText(choices)],
    (choices) => ['X-Any', makeWildText(choices, 20)],
  ]);
  return make(random);
}

function frame(random: Random, body: Buffer): { headers: readonly Header[]; bytes: Buffer } {
  if (!random.oneIn(4)) return { headers: [['Content-Length', String(body.length)]], bytes: body };
  const pieces: Buffer[] = [];
  for (let start = 0; start < body.length;) {
    const piece = body.subarray(start, start + 1 + random.below(40));
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
    start += piece.length;
  }
  pieces.push(Buffer.from('0\r\n\r\n'));
  return { headers: [['Transfer-Encoding', 'chunked']], bytes: Buffer.concat(pieces) };
}

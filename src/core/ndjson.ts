// Batches: many events in one body, one JSON value a line.
import { GitPubSubError } from './errors.ts';
import { parsePayload } from './payload.ts';

/** Most events in one request; bounds one transaction. Beyond it: `payload-too-large`. [P8] */
export const MAX_BATCH_LINES = 10_000;

/** Most lines, blank ones included; bounds how long a body of nothing holds the loop. Beyond it: `payload-too-large`. */
const MAX_LINES: number = 10 * MAX_BATCH_LINES;

const LINE_FEED = 0x0a;

/**
 * Checks a body of lines and returns the payloads, blank lines skipped. [P8]
 * @throws GitPubSubError `invalid-payload` or `payload-too-large`, naming the first wrong line
 */
export function parsePayloadLines(body: Uint8Array, maxEventBytes: number): string[] {
  const payloads: string[] = [];
  let lineNumber = 0;
  for (const line of splitLines(body)) {
    lineNumber += 1;
    if (lineNumber > MAX_LINES) throw tooMany(`${MAX_LINES} lines, blank ones included`);
    if (isBlank(line)) continue;
    if (payloads.length === MAX_BATCH_LINES) throw tooMany(`${MAX_BATCH_LINES} events`);
    payloads.push(parseLine(line, lineNumber, maxEventBytes));
  }
  if (payloads.length > 0) return payloads;
  throw new GitPubSubError('invalid-payload', 'The body has no events; it must be one JSON value a line.');
}

function* splitLines(body: Uint8Array): Generator<Uint8Array, void, undefined> {
  let start = 0;
  while (start < body.byteLength) {
    const found = body.indexOf(LINE_FEED, start);
    const end = found === -1 ? body.byteLength : found;
    yield body.subarray(start, end);
    start = end + 1;
  }
}

/** Whether a line has nothing but white space, and so no event. */
export function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

function parseLine(line: Uint8Array, lineNumber: number, maxEventBytes: number): string {
  try {
    if (line.byteLength > maxEventBytes) {
      throw new GitPubSubError(
        'payload-too-large',
        `The event is over ${maxEventBytes} bytes, the most this broker takes.`,
      );
    }
    return parsePayload(line);
  } catch (error) {
    if (!(error instanceof GitPubSubError)) throw error;
    throw new GitPubSubError(error.code, `Line ${lineNumber}: ${error.message}`, { cause: error });
  }
}

function tooMany(most: string): GitPubSubError {
  return new GitPubSubError('payload-too-large', `A batch has at most ${most}; this one has more.`);
}

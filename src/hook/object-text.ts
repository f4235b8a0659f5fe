// The form git gives commits and tags: header lines, an empty line, the message; and in the headers who and when.
// Works on bytes, as strings of one character a byte, because their encoding is known only after reading them.
import { cutText, MAX_IDENTITY_BYTES } from '../core/event-limits.ts';
import { decodeText, trimEnd, type Text } from '../core/text.ts';

/** A commit or tag, taken apart. */
export interface ObjectText {
  /** The values of each header, by name, one character a byte; continuation lines (signatures, merged tags) are left out. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly message: Buffer;
}

/** Who did something, and when. */
export interface Identity {
  readonly name: Text;
  readonly email: Text;
  /** ISO 8601 with offset; 1970 where git's date makes no sense, as git itself shows it. */
  readonly date: string;
}

/** Takes the content of a commit or tag apart. */
export function parseObjectText(content: Buffer): ObjectText {
  const end = content.indexOf('\n\n');
  const head = end === -1 ? content : content.subarray(0, end);
  const headers = new Map<string, string[]>();
  for (const line of head.toString('latin1').split('\n')) addHeader(headers, line);
  return { headers, message: end === -1 ? Buffer.alloc(0) : content.subarray(end + 2) };
}

/** Reads `Name <mail> seconds offset`; whatever is missing is empty. */
export function parseIdentity(line: string, encoding?: string): Identity {
  const [, name = line, email = ''] = /^([^<]*)<([^>]*)/.exec(line) ?? [];
  const when = line.slice(line.lastIndexOf('>') + 1);
  const [, seconds = 'none', offset = ''] = /^ *(\d+) +([+-]\d+) *$/.exec(when) ?? [];
  return {
    name: identityText(name, encoding),
    email: identityText(email, encoding),
    date: formatDate(Number(seconds), offset),
  };
}

const EPOCH = '1970-01-01T00:00:00+00:00';

/** A moment as ISO 8601 in the offset of who set it, such as `+0530`. */
export function formatDate(seconds: number, offset: string): string {
  const [, sign, hours, minutes] = /^([+-])([01]\d|2[0-3])([0-5]\d)$/.exec(offset) ?? ['', '+', '00', '00'];
  const offsetSeconds = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60 : 60);
  const local = new Date((seconds + offsetSeconds) * 1000);
  if (Number.isNaN(local.getTime())) return EPOCH;
  return `${local.toISOString().slice(0, -'.000Z'.length)}${sign}${hours}:${minutes}`;
}

function addHeader(headers: Map<string, string[]>, line: string): void {
  const space = line.indexOf(' ');
  if (space <= 0) return;
  const name = line.slice(0, space);
  const values = headers.get(name) ?? [];
  values.push(line.slice(space + 1));
  headers.set(name, values);
}

function identityText(bytes: string, encoding: string | undefined): Text {
  const trimmed = Buffer.from(trimEnd(bytes), 'latin1');
  return decodeText(cutText(trimmed, MAX_IDENTITY_BYTES), encoding);
}

// JSON as text: shown as it was published, so numbers and the order of members stay. [P7] It is parsed only to be judged.
import { toRecord } from './unknown-value.ts';

const OUR_MEMBERS = '"pubsub_timestamp":';
const WRAPPER = '{"pubsub_payload":';

/** What was published, from a line of the stream: the line without the members that the broker adds at its end. [P13] */
export function payloadText(line: string): string {
  // Inside a string the quotes would be escaped, so the last one is the broker's.
  const ours = line.lastIndexOf(OUR_MEMBERS);
  if (ours < 0) return line;
  const published = line.slice(0, ours).replace(/,$/, '');
  const wrapped = published.startsWith(WRAPPER) ? published.slice(WRAPPER.length) : '';
  return isNoObject(wrapped) ? wrapped : `${published}}`;
}

// Only what is no object comes wrapped; an object may have been published with a member of that name.
function isNoObject(json: string): boolean {
  try {
    return toRecord(JSON.parse(json)) === undefined;
  } catch {
    return false;
  }
}

const TOKEN = /"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** Compact JSON in many lines, two blanks a level. */
export function indentJson(text: string): string {
  let depth = 0;
  let indented = '';
  let previous = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '}' || token === ']') depth -= 1;
    indented += between(previous, token, depth) + token;
    if (token === '{' || token === '[') depth += 1;
    previous = token;
  }
  return indented;
}

// Empty objects and lists stay in one piece.
function between(previous: string, token: string, depth: number): string {
  const opens = previous === '{' || previous === '[';
  const closes = token === '}' || token === ']';
  if (opens && closes) return '';
  if (opens || closes || previous === ',') return `\n${'  '.repeat(depth)}`;
  return previous === ':' ? ' ' : '';
}

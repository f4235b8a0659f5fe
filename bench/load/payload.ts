// An event of the bench: its lane, its place in the lane, when it was due. Digits of fixed width at fixed places, so that
// a reader needs no JSON parser.

/** A lane is what one publisher sends to one topic, one event after the other: its order is certain, and nothing may be missing. */
export interface Place {
  readonly lane: number;
  readonly index: number;
}

const LANE_AT = 8;
const LANE_DIGITS = 6;
const INDEX_AT: number = LANE_AT + LANE_DIGITS + 5;
const INDEX_DIGITS = 9;
const DUE_AT: number = INDEX_AT + INDEX_DIGITS + 5;
const DUE_DIGITS = 13;
const PAD_AT: number = DUE_AT + DUE_DIGITS;

/** A payload with zeros, its line feed included, of exactly so many bytes. */
export function createPayload(bytes: number): Buffer {
  const [lane, index, due] = [LANE_DIGITS, INDEX_DIGITS, DUE_DIGITS].map((count) => 10 ** (count - 1));
  const head = `{"lane":${lane},"n":${index},"t":${due},"pad":"`;
  const tail = '"}\n';
  if (bytes < head.length + tail.length) throw new TypeError(`${bytes} bytes are too few for a payload`);
  return Buffer.from(head + 'x'.repeat(bytes - head.length - tail.length) + tail, 'latin1');
}

/** Fills in which event it is; `start` is where the payload begins. */
export function stampPlace(buffer: Buffer, start: number, { lane, index }: Place): void {
  writeDigits(buffer, start + LANE_AT, LANE_DIGITS, lane);
  writeDigits(buffer, start + INDEX_AT, INDEX_DIGITS, index);
}

/** Fills in when it was due, in milliseconds of the generator's clock; kept to the microsecond. */
export function stampDue(buffer: Buffer, start: number, dueMs: number): void {
  writeDigits(buffer, start + DUE_AT, DUE_DIGITS, Math.round(dueMs * 1000));
}

export function readLane(buffer: Buffer, start: number): number {
  return readDigits(buffer, start + LANE_AT, LANE_DIGITS);
}

export function readIndex(buffer: Buffer, start: number): number {
  return readDigits(buffer, start + INDEX_AT, INDEX_DIGITS);
}

export function readDueMs(buffer: Buffer, start: number): number {
  return readDigits(buffer, start + DUE_AT, DUE_DIGITS) / 1000;
}

/** Whether a line is one of our events, by its first bytes. */
export function isEventLine(buffer: Buffer, start: number): boolean {
  return buffer[start] === 0x7b && buffer[start + 2] === 0x6c; // `{` and the l of lane
}

/** Whether all behind the digits is as it was published; a member may follow the last one. */
export function hasWholePad(buffer: Buffer, start: number, end: number, payload: Buffer): boolean {
  const padEnd = payload.byteLength - 2; // before `}` and the line feed
  if (end - start <= padEnd) return false;
  return buffer.compare(payload, PAD_AT, padEnd, start + PAD_AT, start + padEnd) === 0;
}

// The first digit carries one more, so that the number has no leading zero, which JSON does not allow.
function writeDigits(buffer: Buffer, at: number, count: number, value: number): void {
  let rest = value + 10 ** (count - 1);
  for (let i = at + count - 1; i >= at; i--) {
    buffer[i] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

function readDigits(buffer: Buffer, at: number, count: number): number {
  let value = (buffer[at] ?? 0) - 0x31;
  for (let i = at + 1; i < at + count; i++) value = value * 10 + (buffer[i] ?? 0) - 0x30;
  return value;
}

// A log line for people: time, level if it matters, message, and what it tells.
import { isObject } from '../core/json-object.ts';
import { toPrintable } from '../core/printable.ts';

/** Makes text of a line of JSON as pino writes it; a line that is none stays as it is. */
export function toLogText(line: string): string {
  const record = parseRecord(line);
  if (!record) return toPrintable(line);
  const { time, level, msg, err, ...details } = record;
  const parts = [
    toClockTime(time),
    ...(level === 'info' ? [] : [String(level).toUpperCase()]),
    String(msg),
    ...Object.entries(details).map(([name, value]) => `${name}=${toText(value)}`),
    ...(err === undefined ? [] : [`(${messageOf(err)})`]),
  ];
  return toPrintable(parts.join('  '));
}

function parseRecord(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

// In the zone of whoever looks at it.
function toClockTime(time: unknown): string {
  return new Date(String(time)).toTimeString().slice(0, 8);
}

function toText(value: unknown): string {
  return typeof value === 'string' && !/[\s"]/.test(value) ? value : JSON.stringify(value);
}

function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | null)?.message;
  return typeof message === 'string' ? message : JSON.stringify(error);
}

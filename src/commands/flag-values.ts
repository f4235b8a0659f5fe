// What people write behind flags, read and checked: times, counts, choices.
import { parseCursor } from '../core/cursor.ts';
import { GitPubSubError } from '../core/errors.ts';

/** Where a subscription starts. */
export type Start = { readonly since: number } | { readonly cursor: string };

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

// Longest that a timer can wait. Source: setTimeout of node
const MAX_TIMER_MS = 2_147_483_647;

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/;
const EPOCH_SECONDS = /^\d+(?:\.\d+)?$/;
const DATE = /^\d{4}-(\d\d)-(\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/;

const MOMENTS =
  'an age (10m, 2h, 3d), a date (2026-11-20, 2026-11-20T10:00, with Z or +01:00 unless it is local time) or epoch seconds';

/** Reads a time such as `5m`, in milliseconds; `least` is one, too. @throws GitPubSubError `invalid-usage` */
export function parseDurationMs(flag: string, text: string, least = '0s'): number {
  const ms = readDurationMs(text);
  if (ms !== undefined && ms >= (readDurationMs(least) ?? 0) && ms <= MAX_TIMER_MS) return ms;
  throw invalidUsage(flag, text, `a time from ${least} to 24d, such as 500ms, 30s, 5m or 2h`);
}

/** Reads a whole number. @throws GitPubSubError `invalid-usage` */
export function parseCount(flag: string, text: string, least: number, most: number): number {
  const count = /^\d+$/.test(text) ? Number(text) : NaN;
  if (count >= least && count <= most) return count;
  throw invalidUsage(flag, text, `a whole number from ${least} to ${most}`);
}

/** Reads one of several words. @throws GitPubSubError `invalid-usage` */
export function parseChoice<Choice extends string>(
  flag: string,
  text: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((one) => one === text);
  if (choice !== undefined) return choice;
  throw invalidUsage(flag, text, choices.join(' or '));
}

/** Reads where to start; ages count back from `nowMs`. @throws GitPubSubError `invalid-usage` */
export function parseSince(flag: string, text: string, nowMs: number): Start {
  if (isCursor(text)) return { cursor: text };
  const since = readSeconds(text, nowMs);
  if (since !== undefined) return { since };
  throw invalidUsage(flag, text, `${MOMENTS}; or a cursor`);
}

/** Reads a moment, epoch seconds; ages count back from `nowMs`. @throws GitPubSubError `invalid-usage` */
export function parseMoment(flag: string, text: string, nowMs: number): number {
  const seconds = readSeconds(text, nowMs);
  if (seconds !== undefined) return seconds;
  throw invalidUsage(flag, text, MOMENTS);
}

/** Whether a text is a cursor as a broker gives them. */
export function isCursor(text: string): boolean {
  try {
    parseCursor(text);
    return true;
  } catch {
    return false;
  }
}

/** The complaint about a value. */
export function invalidUsage(flag: string, text: string, allowed: string): GitPubSubError {
  return new GitPubSubError('invalid-usage', `${flag}: "${text}" is not allowed; allowed is ${allowed}.`);
}

function readSeconds(text: string, nowMs: number): number | undefined {
  if (EPOCH_SECONDS.test(text)) return Number(text);
  const ageMs = readDurationMs(text);
  if (ageMs !== undefined) return Math.max(0, (nowMs - ageMs) / 1000);
  const dateMs = readDateMs(text);
  return dateMs === undefined ? undefined : dateMs / 1000;
}

function readDurationMs(text: string): number | undefined {
  const [, number, unit = ''] = DURATION.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * (UNIT_MS[unit] ?? NaN);
}

// Local time unless it says otherwise; a date alone is its local midnight, which is not what Date.parse makes of it.
function readDateMs(text: string): number | undefined {
  const [, month, day, offset] = DATE.exec(text) ?? [];
  if (month === undefined) return undefined;
  const date = new Date(text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T'));
  // Why: 30 February would be taken for a day of March.
  const isReal =
    offset !== undefined || (date.getMonth() + 1 === Number(month) && date.getDate() === Number(day));
  return Number.isNaN(date.getTime()) || !isReal ? undefined : date.getTime();
}

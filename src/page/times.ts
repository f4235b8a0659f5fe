// Times in words: how long ago, and in full, in the reader's time zone.

const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
];

/** `now`, `12 s ago`, `3 min ago`, `2 h ago`, `5 d ago`. */
export function agoText(timeMs: number, nowMs: number): string {
  const seconds = Math.floor((nowMs - timeMs) / 1000);
  if (seconds < 5) return 'now';
  const [name, size] = UNITS.find((unit) => seconds >= unit[1]) ?? ['s', 1];
  return `${Math.floor(seconds / size)} ${name} ago`;
}

/** `2026-11-21 15:25:55`. */
export function fullTime(timeMs: number): string {
  const date = new Date(timeMs);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(twoDigits).join('-');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
  return `${day} ${time}`;
}

const DAY_PARTS = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' } as const;
const DAY_FORMAT = new Intl.DateTimeFormat('en', DAY_PARTS);

/** `Saturday, 21 November 2026`. */
export function dayText(timeMs: number): string {
  const parts = new Map(DAY_FORMAT.formatToParts(timeMs).map(({ type, value }) => [type, value]));
  return `${parts.get('weekday')}, ${parts.get('day')} ${parts.get('month')} ${parts.get('year')}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

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

/** `Saturday, 21 November 2026`. */
export function dayText(timeMs: number): string {
  const parts = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' } as const;
  const date = new Date(timeMs);
  const [weekday, ...rest] = ['weekday', 'day', 'month', 'year'].map((part) =>
    date.toLocaleDateString('en', { [part]: parts[part as keyof typeof parts] }),
  );
  return `${weekday}, ${rest.join(' ')}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

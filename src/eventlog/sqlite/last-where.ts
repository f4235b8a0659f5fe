// Binary search over offsets.

/**
 * The greatest offset after `low`, up to and with `high`, for which `holds` is true, given that it is true up to some
 * offset and false after; `low` when it is true for none. Times and sums of bytes never fall, so they qualify.
 */
export function lastWhere(low: number, high: number, holds: (offset: number) => boolean): number {
  let [known, end] = [low, high];
  while (known < end) {
    const middle = Math.ceil((known + end) / 2);
    if (holds(middle)) known = middle;
    else end = middle - 1;
  }
  return known;
}

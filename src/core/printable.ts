// Text that others chose, on its way to a terminal: it must not move the cursor, colour the screen or turn the writing around.

// Controls, also the 8-bit ones that JSON leaves as they are, what is invisible or changes direction, and other line ends.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const UNPRINTABLE_ALL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The same text with `\uXXXX` for everything that is not shown; inside the strings of a JSON text it stays the same value. */
export function toPrintable(text: string): string {
  // Why: nearly all texts are printable already, and the test is much cheaper than a replacement.
  return UNPRINTABLE.test(text) ? text.replace(UNPRINTABLE_ALL, escapeUnits) : text;
}

/** The same, with spaces for line ends: error messages may have several lines where there is room for one. */
export function toOneLine(text: string): string {
  return toPrintable(text.trim().replaceAll(/[\r\n]+/g, ' '));
}

function escapeUnits(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}

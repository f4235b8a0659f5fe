// Globs as in the filters of a subscription: no regular expression, no recursion, and an end to the work.

/** How much work is left for globs, in comparisons of a character; shared by all that are tried for one purpose. */
export interface GlobBudget {
  steps: number;
}

/**
 * Whether a glob matches a whole text; true once the budget is used up. `*` stands for any characters within a segment between slashes, `**` for any at
 * all, and `**` between slashes, or at the beginning, for any number of segments, none included. All else stands for itself.
 */
export function matchesGlob(glob: string, text: string, budget: GlobBudget): boolean {
  let g = 0;
  let t = 0;
  // Where to go on after a mismatch: the last `*`, and the last `**` before it.
  let star: Wildcard | undefined;
  let deep: Wildcard | undefined;
  for (;;) {
    if (--budget.steps < 0) return true;
    if (glob.startsWith('**', g)) {
      const isSegments = glob[g + 2] === '/' && (g === 0 || glob[g - 1] === '/');
      g += isSegments ? 3 : 2;
      deep = { after: g, from: t, isSegments };
      star = undefined;
    } else if (glob[g] === '*') {
      star = { after: ++g, from: t, isSegments: false };
    } else if (t < text.length && glob[g] === text[t]) {
      g++;
      t++;
    } else if (t === text.length && g === glob.length) {
      return true;
    } else {
      const next = takeMore(text, star, false) ? star : takeMore(text, deep, true) ? deep : undefined;
      if (!next) return false;
      if (next === deep) star = undefined;
      g = next.after;
      t = next.from;
    }
  }
}

/** A wildcard that was passed, and how much of the text it has taken. */
interface Wildcard {
  /** Index behind it in the glob. */
  readonly after: number;
  /** Index in the text where what it takes ends. */
  from: number;
  readonly isSegments: boolean;
}

// Lets a wildcard take the next character, or the next segment. Why `**/` may only begin where a segment does.
function takeMore(text: string, wildcard: Wildcard | undefined, crosses: boolean): boolean {
  if (!wildcard || wildcard.from >= text.length) return false;
  if (wildcard.isSegments) {
    const slash = text.indexOf('/', wildcard.from);
    wildcard.from = slash + 1;
    return slash >= 0;
  }
  if (!crosses && text[wildcard.from] === '/') return false;
  wildcard.from++;
  return true;
}

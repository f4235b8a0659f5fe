// The order in which pushes moved one ref, found from where each move began and ended alone, without a clock. Pure.

/** What one push did to a ref. */
export interface Move {
  /** The push. */
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/**
 * Puts the moves of a ref in the order in which each begins where the one before ended, in one walk from `start` if there is
 * one that takes them all. The order of `moves` counts where several are possible, and where a move is missing.
 */
export function walkMoves(moves: readonly Move[], start: string): Move[] {
  const open = openMoves(moves);
  const befores = moves.map(({ before }) => before);
  const balances = balancesOf(moves);
  // What follows a missing move begins anew: first of all where more moves begin than end.
  const beginnings = [start, ...befores.filter((before) => (balances.get(before) ?? 0) > 0), ...befores];
  return beginnings.flatMap((beginning) => {
    const walk = walkAll(open, beginning);
    return isWalk(walk, beginning) ? walk : walkFirst(walk, beginning);
  });
}

/** Moves by where they begin, the first last. */
type OpenMoves = Map<string, Move[]>;

function openMoves(moves: readonly Move[]): OpenMoves {
  const open: OpenMoves = new Map();
  for (const move of moves.toReversed()) {
    const others = open.get(move.before);
    if (others) others.push(move);
    else open.set(move.before, [move]);
  }
  return open;
}

// How many more moves begin at a value than end there.
function balancesOf(moves: readonly Move[]): ReadonlyMap<string, number> {
  const balances = new Map<string, number>();
  const count = (value: string, by: number): unknown => balances.set(value, (balances.get(value) ?? 0) + by);
  for (const { before, after } of moves) {
    count(before, 1);
    count(after, -1);
  }
  return balances;
}

// Takes all moves that can be reached, in one walk if there is one. Source: Hierholzer's way to find an Eulerian trail: go on
// until it ends, then put in the circles that were left out.
function walkAll(open: OpenMoves, start: string): Move[] {
  const path: Move[] = [];
  const walk: Move[] = [];
  for (;;) {
    const next = open.get(path.at(-1)?.after ?? start)?.pop();
    const done = next ? undefined : path.pop();
    if (next) path.push(next);
    else if (done) walk.push(done);
    else return walk.toReversed();
  }
}

function isWalk(moves: readonly Move[], start: string): boolean {
  return moves.every((move, index) => move.before === (moves[index - 1]?.after ?? start));
}

// No walk takes them all: always the first move that is possible, else the first.
function walkFirst(moves: readonly Move[], start: string): Move[] {
  const sorted = moves.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const open = openMoves(sorted);
  const walk = new Set<Move>();
  for (const beginning of [{ before: start }, ...sorted]) {
    let next = open.get(beginning.before)?.pop();
    for (; next; next = open.get(next.after)?.pop()) walk.add(next);
  }
  return [...walk];
}

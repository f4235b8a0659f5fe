// What JSON.parse does not tell: where exactly a text stops being JSON, and which members stand twice.

/** A place in a text, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Where a text that is not JSON goes wrong: at its first character that no JSON text could have there, or at its end. */
export function findJsonError(text: string): Place {
  // Why: V8 tells the position in some of its messages only. A text is wrong at a character if the text up to it is
  // wrong for another reason than ending too early, and then so is every longer piece: hence the search by halves.
  let [good, bad] = [0, text.length + 1];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isWrongBeforeEnd(text.slice(0, middle))) bad = middle;
    else good = middle;
  }
  const lines = text.slice(0, good).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/** A member that its object has before. */
export interface DuplicateMember {
  readonly name: string;
  /** Where it stands again, from 1. */
  readonly line: number;
}

/** The members of a JSON text that stand in one object again, at any depth. */
export function findDuplicateMembers(json: string): DuplicateMember[] {
  const duplicates: DuplicateMember[] = [];
  const open: Set<string>[] = [];
  let before = '';
  for (const { text, line } of tokenize(json)) {
    if (text === '{') open.push(new Set());
    else if (text === '}') open.pop();
    else if (text === ':') noteMember({ name: String(JSON.parse(before)), line }, open.at(-1), duplicates);
    before = text;
  }
  return duplicates;
}

function noteMember(
  member: DuplicateMember,
  seen: Set<string> | undefined,
  duplicates: DuplicateMember[],
): void {
  if (seen?.has(member.name)) duplicates.push(member);
  seen?.add(member.name);
}

// Strings, braces and colons. Why no pattern for a whole string: a long one exhausts the engine's stack.
function* tokenize(json: string): Generator<{ text: string; line: number }, void, undefined> {
  let line = 1;
  let start: number | undefined;
  for (const { 0: piece, index } of json.matchAll(/\\.|["{}:\n]/g)) {
    if (piece === '"') {
      if (start !== undefined) yield { text: json.slice(start, index + 1), line };
      start = start === undefined ? index : undefined;
    } else if (start === undefined) {
      if (piece === '\n') line += 1;
      else yield { text: piece, line };
    }
  }
}

function isWrongBeforeEnd(piece: string): boolean {
  const message = jsonErrorMessage(piece);
  if (message === undefined || message.includes('Unexpected end')) return false;
  const position = /at position (\d+)/.exec(message)?.[1];
  return position === undefined || Number(position) < piece.length;
}

function jsonErrorMessage(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

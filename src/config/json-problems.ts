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

/** The members that stand more than once in one object of a JSON text, at any depth. */
export function findDuplicateMembers(json: string): string[] {
  const twice = new Set<string>();
  const open: Set<string>[] = [];
  for (const [token, name] of json.matchAll(/("(?:[^"\\]|\\.)*")(?=\s*:)|"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (name !== undefined) noteMember(String(JSON.parse(name)), open.at(-1), twice);
  }
  return [...twice];
}

function noteMember(name: string, seen: Set<string> | undefined, twice: Set<string>): void {
  if (seen?.has(name)) twice.add(name);
  seen?.add(name);
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

// A source file as text, taken apart just far enough for the house rules: no compiler, no disk.
// It relies on the formatter: statements of the top level begin in the first column.

/** A TypeScript source, read. */
export interface SourceFile {
  /** Relative to `src`, with slashes: `core/topic.ts`. */
  readonly path: string;
  readonly text: string;
  /** The text with comments and the contents of templates left out, line by line as it was. */
  readonly code: string;
  /** What it imports or re-exports, types and `import()` included; an `import()` of a computed name is `''`. */
  readonly specifiers: readonly string[];
}

/** Strings, templates and comments: what looks like code in one of them is none. */
const NO_CODE = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;

const STATIC_IMPORT = /^(?:import|export)\b(?:[^;'"=]*?\bfrom)?\s*(['"])(?<specifier>.+?)\1/gm;
const DYNAMIC_IMPORT = /\bimport\s*\((?:\s*(['"])(?<specifier>.+?)\1\s*\))?/g;

/** Reads a source; `path` is relative to `src`. */
export function parseSource(path: string, text: string): SourceFile {
  const code = text.replace(NO_CODE, blankOut);
  const specifiers = [STATIC_IMPORT, DYNAMIC_IMPORT].flatMap((pattern) =>
    Array.from(code.matchAll(pattern), ({ groups }) => groups?.['specifier'] ?? ''),
  );
  return { path, text, code, specifiers };
}

/** The lines of the top level: where a statement begins, goes on in the first column, or ends. */
export function topLevelLines({ code }: SourceFile): string[] {
  return code.split('\n').filter((line) => /^[^\s#]/.test(line));
}

function blankOut(token: string): string {
  if (token.startsWith("'") || token.startsWith('"')) return token;
  return token.startsWith('`') ? '``' : ' ';
}

// A file that holds one JSON object. Every way it can be unusable is a problem, never a throw.
import { findDuplicateMembers, findJsonError } from './json-problems.ts';
import { readText, type ReadFile } from './read-file.ts';

/** What such a file is called in a problem, and an example of what it may hold. */
export interface JsonFileKind {
  readonly name: string;
  readonly example: string;
}

/** What was read. */
export interface JsonFile {
  /** `undefined` where it can't be read at all. */
  readonly object: object | undefined;
  /** One sentence each. */
  readonly problems: readonly string[];
}

// As some editors write it; no JSON text begins so.
const BOM = /^\uFEFF/;

/** Reads it. */
export function readJsonFile(path: string, readFile: ReadFile, kind: JsonFileKind): JsonFile {
  const file = readText(path, readFile, kind.name);
  return 'text' in file ? parseObject(path, file.text.replace(BOM, ''), kind) : unusable(file.problem);
}

function parseObject(path: string, text: string, { name, example }: JsonFileKind): JsonFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const { line, column } = findJsonError(text);
    return unusable(`${path}: the ${name} is not JSON at line ${line}, column ${column}.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return unusable(`${path}: the ${name} must hold one JSON object, such as ${example}.`);
  return {
    object: value,
    problems: findDuplicateMembers(text).map(
      ({ name, line }) =>
        `${path}: ${JSON.stringify(name)} stands twice in one object, again at line ${line}.`,
    ),
  };
}

function unusable(problem: string): JsonFile {
  return { object: undefined, problems: [problem] };
}

// A file that holds one JSON object. Every way it can be unusable is a problem, never a throw.
import { readFileSync } from 'node:fs';
import { toPrintable } from '../core/printable.ts';
import { findDuplicateMembers, findJsonError } from './json-problems.ts';

/** Reads a file as text; throws as `node:fs` does. */
export type ReadFile = (path: string) => string;

/** Reads the file from the disk, blocking. */
export const readFromDisk: ReadFile = (path) => readFileSync(path, 'utf8');

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

/** Reads it. */
export function readJsonFile(path: string, readFile: ReadFile, kind: JsonFileKind): JsonFile {
  const shown = toPrintable(path);
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    return unusable(`${shown}: the ${kind.name} cannot be read: ${toPrintable(describe(error))}.`);
  }
  return parseObject(shown, text, kind);
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
  const twice = findDuplicateMembers(text);
  return {
    object: value,
    problems: twice.map((member) => `${JSON.stringify(member)} in ${path}: given more than once.`),
  };
}

function unusable(problem: string): JsonFile {
  return { object: undefined, problems: [problem] };
}

// Why: Node's own message repeats the path and the system call.
function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/, \w+( '.*')?$/s, '');
}

// The configuration file: one JSON object. Every way it can be unusable is a problem, never a throw.
import { readFileSync } from 'node:fs';
import { findDuplicateMembers, findJsonError } from './json-problems.ts';
import { readMembers } from './sources.ts';
import type { Source } from './sources.ts';

/** Reads a file as text; throws as `node:fs` does. */
export type ReadFile = (path: string) => string;

/** Reads the file from the disk, blocking: nothing runs yet that could be held up. */
export const readFromDisk: ReadFile = (path) => readFileSync(path, 'utf8');

/** Reads the configuration file. */
export function readConfigFile(path: string, readFile: ReadFile): Source {
  const content = readText(path, readFile);
  if ('problem' in content) return { given: [], problems: [content.problem] };
  const parsed = parseObject(path, content.text);
  if ('problem' in parsed) return { given: [], problems: [parsed.problem] };
  const source = readMembers(parsed.object, path);
  const twice = findDuplicateMembers(content.text).map(
    (name) => `${JSON.stringify(name)} in ${path}: given more than once.`,
  );
  return { given: source.given, problems: [...source.problems, ...twice] };
}

interface Problem {
  readonly problem: string;
}

function readText(path: string, readFile: ReadFile): { readonly text: string } | Problem {
  try {
    return { text: readFile(path) };
  } catch (error) {
    return { problem: `${path}: the configuration file cannot be read: ${describe(error)}.` };
  }
}

function parseObject(path: string, text: string): { readonly object: object } | Problem {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const { line, column } = findJsonError(text);
    return { problem: `${path}: the configuration file is not JSON at line ${line}, column ${column}.` };
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { object: value };
  return { problem: `${path}: the configuration file must hold one JSON object, such as {"port": 2069}.` };
}

// Why: Node's own message repeats the path and the system call.
function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/, \w+( '.*')?$/s, '');
}

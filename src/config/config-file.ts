// The configuration file: one JSON object with a member for each setting it gives.
import { readJsonFile } from './json-file.ts';
import type { ReadFile } from './read-file.ts';
import { readMembers, type Source } from './sources.ts';

/** Reads the configuration file. */
export function readConfigFile(path: string, readFile: ReadFile): Source {
  const kind = { name: 'configuration file', example: '{"port": 2069}' };
  const { object, problems } = readJsonFile(path, readFile, kind);
  if (!object) return { given: [], problems };
  const source = readMembers(object, path);
  return { given: source.given, problems: [...source.problems, ...problems] };
}

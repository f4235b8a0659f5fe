// What the flags, the environment and the file give, as yet unread; unknown names in them are problems.
import { nearest } from '../core/nearest.ts';
import { CLIENT_VARIABLES, CONFIG_VARIABLE, VARIABLE_PREFIX, flagName, variableName } from './names.ts';
import { SETTING_KEYS, isSettingKey } from './settings.ts';
import type { SettingKey } from './settings.ts';

/** A value that somebody gave for a setting. */
export interface GivenValue {
  readonly key: SettingKey;
  readonly raw: unknown;
  /** Where it stands: `--port`, `GITPUBSUB_PORT` or `port in gitpubsub.json`. */
  readonly origin: string;
}

/** All that one source gives. */
export interface Source {
  readonly given: readonly GivenValue[];
  /** One sentence each. */
  readonly problems: readonly string[];
}

/** The parsed flags by key, as commander has them; one that was not given is undefined or absent. */
export type Flags = Readonly<Record<string, string | undefined>>;

/** Reads the flags. Other names in it are not looked at: commander has refused unknown flags before. */
export function readFlags(flags: Flags): Source {
  return { given: collect((key) => flags[key], flagName), problems: [] };
}

/** Reads the variables that start with `GITPUBSUB_`; an empty one counts as given. */
export function readVariables(env: NodeJS.ProcessEnv): Source {
  const known = [...SETTING_KEYS.map(variableName), CONFIG_VARIABLE, ...CLIENT_VARIABLES];
  const unknown = Object.keys(env).filter(
    (name) => name.startsWith(VARIABLE_PREFIX) && !known.includes(name),
  );
  return {
    given: collect((key) => env[variableName(key)], variableName),
    problems: unknown.map((name) => `${name}: no such variable${suggestVariable(name, known)}`),
  };
}

/** Reads the members of the file's object. */
export function readMembers(members: object, path: string): Source {
  const entries = new Map<string, unknown>(Object.entries(members));
  const unknown = [...entries.keys()].filter((name) => !isSettingKey(name));
  return {
    given: collect(
      (key) => entries.get(key),
      (key) => `${key} in ${path}`,
    ),
    problems: unknown.map(
      (name) => `${JSON.stringify(name)} in ${path}: no such key${suggest(nearest(name, SETTING_KEYS))}`,
    ),
  };
}

function collect(read: (key: SettingKey) => unknown, originOf: (key: SettingKey) => string): GivenValue[] {
  return SETTING_KEYS.map((key) => ({ key, raw: read(key), origin: originOf(key) })).filter(
    ({ raw }) => raw !== undefined,
  );
}

// Why: with the prefix that all share, every name would be near to every other.
function suggestVariable(name: string, known: readonly string[]): string {
  const found = nearest(withoutPrefix(name), known.map(withoutPrefix));
  return suggest(found && `${VARIABLE_PREFIX}${found}`);
}

function withoutPrefix(variable: string): string {
  return variable.slice(VARIABLE_PREFIX.length);
}

function suggest(name: string | undefined): string {
  return name === undefined ? '; gitpubsub serve --help lists all settings.' : `; did you mean ${name}?`;
}

// Loading the configuration: flags before environment before file before defaults, checked as a whole.
import type { AccessRules } from '../access/access-rules.ts';
import { GitPubSubError } from '../core/errors.ts';
import { toPrintable } from '../core/printable.ts';
import { checkTogether } from './checks.ts';
import { readAccessFile } from './access-file.ts';
import { readConfigFile } from './config-file.ts';
import { resolveConfig } from './config.ts';
import type { ResolvedConfig } from './config.ts';
import { describeRefusal } from './kinds.ts';
import { CONFIG_VARIABLE } from './names.ts';
import { readFromDisk, warnIfReadableByAll, type ReadFile } from './read-file.ts';
import { readFlags, readVariables } from './sources.ts';
import type { Flags, Source } from './sources.ts';
import { readTlsFiles, type TlsFiles } from './tls-files.ts';

/** Where the configuration is read from. */
export interface ConfigSources {
  /** By key, and `config` for the path of the file. */
  readonly flags: Flags;
  readonly env: NodeJS.ProcessEnv;
  /** The disk, if left out. */
  readonly readFile?: ReadFile;
}

/** A configuration that holds, with what stands in the files that it names. */
export interface Config extends ResolvedConfig {
  /** `undefined` without such a file. */
  readonly access: AccessRules | undefined;
  /** `undefined` without TLS. */
  readonly tls: TlsFiles | undefined;
  /** What holds, but is hardly meant; one sentence each. */
  readonly warnings: readonly string[];
}

/** So much is shown of either end of a problem that quotes a very long value. */
const MAX_END_CHARACTERS = 500;

/** Everything that is wrong with a configuration; the message has one problem a line. */
export class ConfigurationError extends GitPubSubError {
  /** One sentence each: where it stands, the value, and what is allowed. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const lines = problems.map(toProblemLine);
    super('invalid-configuration', lines.join('\n'));
    this.name = 'ConfigurationError';
    this.problems = lines;
  }
}

/**
 * Loads the configuration, blocking while it reads the file.
 * @throws ConfigurationError with all problems at once
 */
export function loadConfig({ flags, env, readFile = readFromDisk }: ConfigSources): Config {
  const sources = [readFlags(flags), readVariables(env), readNamedFile(flags, env, readFile)];
  const resolution = resolveConfig(sources.flatMap(({ given }) => given)); // in order of precedence
  const { accessFile, tlsCert: certPath, tlsKey: keyPath } = resolution.config;
  const access = accessFile === undefined ? undefined : readAccessFile(accessFile, readFile);
  const tls =
    certPath === undefined || keyPath === undefined
      ? undefined
      : readTlsFiles({ certPath, keyPath }, readFile);
  const problems = [
    ...sources.flatMap((source) => source.problems),
    ...resolution.problems,
    ...checkTogether(resolution),
    ...(access?.problems ?? []),
    ...(tls?.problems ?? []),
  ];
  if (problems.length > 0) throw new ConfigurationError(problems);
  const warnings = [
    ...(tls?.warnings ?? []),
    ...(keyPath === undefined ? [] : warnIfReadableByAll(keyPath, 'the key')),
    ...(accessFile !== undefined && access?.rules?.webhooks.size
      ? warnIfReadableByAll(accessFile, 'the secrets of the webhooks')
      : []),
  ].map(toPrintable);
  return { ...resolution.config, access: access?.rules, tls: tls?.files, warnings };
}

// Both ends are kept: where it stands, and what is allowed.
function toProblemLine(problem: string): string {
  if (problem.length <= 2 * MAX_END_CHARACTERS) return toPrintable(problem);
  return toPrintable(`${problem.slice(0, MAX_END_CHARACTERS)} … ${problem.slice(-MAX_END_CHARACTERS)}`);
}

function readNamedFile(flags: Flags, env: NodeJS.ProcessEnv, readFile: ReadFile): Source {
  const path = flags['config'] ?? env[CONFIG_VARIABLE];
  if (path === undefined) return { given: [], problems: [] };
  if (path !== '') return readConfigFile(path, readFile);
  const origin = flags['config'] === undefined ? CONFIG_VARIABLE : '--config';
  return { given: [], problems: [`${origin}: ${describeRefusal(path, 'the path of a JSON file')}`] };
}

// Access files for tests, written with the tokens themselves where a real one holds their hashes.
import { createHash } from 'node:crypto';
import type { AccessRules } from '../../src/access/access-rules.ts';
import { readAccessFile } from '../../src/config/access-file.ts';

export interface SampleRights {
  readonly publish?: readonly string[];
  readonly subscribe?: readonly string[];
  readonly statistics?: boolean;
}

export interface SampleToken {
  readonly token: string;
  readonly expires?: string;
}

export interface SamplePrincipal extends SampleRights {
  readonly tokens: readonly SampleToken[];
}

export interface SamplePeers extends SampleRights {
  readonly addresses: readonly string[];
}

export interface SampleAccess {
  readonly private?: readonly string[];
  readonly principals?: Readonly<Record<string, SamplePrincipal>>;
  readonly peers?: readonly SamplePeers[];
}

/** The file's text. */
export function composeAccessFile({ principals = {}, ...others }: SampleAccess): string {
  const hashed = Object.entries(principals).map(([name, { tokens, ...rights }]) => [
    name,
    { tokens: tokens.map(({ token, ...rest }) => ({ sha256: sha256Of(token), ...rest })), ...rights },
  ]);
  return JSON.stringify({ ...others, principals: Object.fromEntries(hashed) });
}

/** The rules that the file gives. @throws Error if it has problems */
export function readSampleRules(access: SampleAccess): AccessRules {
  const { rules, problems } = readAccessFile('access.json', () => composeAccessFile(access));
  if (!rules) throw new Error(problems.join('\n'));
  return rules;
}

function sha256Of(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

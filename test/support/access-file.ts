// Access files for tests.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createToken, hashToken } from '../../src/access/token.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

/** A token, and the flags of a broker that knows it. */
export interface TokenBroker {
  readonly token: string;
  readonly flags: readonly string[];
}

/** Writes a file with one private topic and one principal, which publishes everywhere; only it reads `/private`. */
export function createTokenBroker(directory: string): TokenBroker {
  const token = createToken();
  const rights = { publish: ['/'], subscribe: ['/'], statistics: true };
  const principals = { ci: { tokens: [{ sha256: hashToken(token) }], ...rights } };
  return { token, flags: writeAccessFile(directory, { private: ['/private'], principals }) };
}

/** Writes a file for the running test; gives the flags of a broker that reads it. */
export function accessFileFlags(content: unknown): string[] {
  return writeAccessFile(createTemporaryDirectory(), content);
}

function writeAccessFile(directory: string, content: unknown): string[] {
  const path = join(directory, 'access.json');
  writeFileSync(path, JSON.stringify(content));
  return ['--access-file', path];
}

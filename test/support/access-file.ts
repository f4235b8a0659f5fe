// An access file with one private topic and one principal, for tests of what is done with its token.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createToken, hashToken } from '../../src/access/token.ts';

/** A token, and the flags of a broker that knows it. */
export interface TokenBroker {
  readonly token: string;
  readonly flags: readonly string[];
}

/** Writes the access file into a directory. The principal publishes everywhere; only it reads `/private`. */
export function createTokenBroker(directory: string): TokenBroker {
  const path = join(directory, 'access.json');
  const token = createToken();
  const rights = { publish: ['/'], subscribe: ['/'], statistics: true };
  const principals = { ci: { tokens: [{ sha256: hashToken(token) }], ...rights } };
  writeFileSync(path, JSON.stringify({ private: ['/private'], principals }));
  return { token, flags: ['--access-file', path] };
}

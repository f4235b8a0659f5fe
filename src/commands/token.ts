// `gitpubsub token new`: makes a token, and what an access file holds of it.
import { createToken, hashToken } from '../access/token.ts';

/** Prints a new token, and on a second line its entry for the access file. */
export function runTokenNew(): void {
  const token = createToken();
  process.stderr.write(
    'The token, and below it what goes under "tokens" in the access file. It is shown only now.\n',
  );
  process.stdout.write(`${token}\n{"sha256":"${hashToken(token)}"}\n`);
}

// The token that a command shows its broker: from a file or the environment, never from the command line, where every account
// of the machine could read it.
import { hasCredentials, toBrokerUrl } from '../client/broker-url.ts';
import { describeBadToken, isToken, type Token } from '../client/token.ts';
import { readTokenFile } from '../client/token-file.ts';
import { GitPubSubError } from '../core/errors.ts';
import { notify } from './notices.ts';

const TOKEN_VARIABLE = 'GITPUBSUB_TOKEN';
const TOKEN_FILE_VARIABLE = 'GITPUBSUB_TOKEN_FILE';
const TOKEN_FILE_FLAG = '--token-file';

/** As it was typed. */
export interface TokenFlags {
  readonly tokenFile?: string;
}

/** A token, or that there is none. */
export interface ClientToken {
  /** For the client library. */
  readonly options: { readonly token?: Token };
  /** Says what to do about the token, where the reason of a refusal is about it. */
  readonly explain: (reason: string) => string;
}

/** A token that was found. */
interface FoundToken {
  readonly token: Token;
  /** What holds it, in words. */
  readonly origin: string;
}

/**
 * Does the work of a command with the token that was given to it. Returns the exit status.
 * @throws GitPubSubError `unreadable-input`, `invalid-usage`, or what the work throws, with what to do about the token
 */
export async function withToken(
  url: string | URL,
  { tokenFile }: TokenFlags,
  work: (token: ClientToken) => Promise<number>,
): Promise<number> {
  const found = await findToken(tokenFile, process.env);
  const advice = found ? `The token came from ${found.origin}.` : ADVICE;
  const sent = hasCredentials(toBrokerUrl(url)) ? OF_URL : advice;
  const explain = (reason: string): string => (/^401\b/.test(reason) ? `${reason} (${sent})` : reason);
  try {
    return await work({ options: found ? { token: found.token } : {}, explain });
  } catch (error) {
    if (!(error instanceof GitPubSubError) || error.code !== 'request-refused') throw error;
    throw new GitPubSubError(error.code, explain(error.message), { cause: error });
  }
}

const ADVICE = `No token was sent: put one into a file and name it with ${TOKEN_FILE_FLAG} or ${TOKEN_FILE_VARIABLE}, or into ${TOKEN_VARIABLE}.`;

const OF_URL =
  'What the URL has before its @ was sent; a token must be the password there, as in http://any:<token>@host.';

// The nearest first; an empty variable counts as none, as services and CI systems leave them.
async function findToken(
  tokenFile: string | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<FoundToken | undefined> {
  if (tokenFile !== undefined) return fromFile(tokenFile, TOKEN_FILE_FLAG);
  const { [TOKEN_VARIABLE]: token = '', [TOKEN_FILE_VARIABLE]: path = '' } = environment;
  if (token !== '') return { token: checkVariable(token.trim()), origin: TOKEN_VARIABLE };
  return path === '' ? undefined : fromFile(path, TOKEN_FILE_VARIABLE);
}

async function fromFile(path: string, giver: string): Promise<FoundToken> {
  const { token, isReadableByAll, isPipe } = await readTokenFile(path, { takesPipe: true });
  if (isReadableByAll)
    notify(`every account of this machine can read the token file ${path}; chmod 600 mends that`);
  const readAgain = async (): Promise<string> => (await readTokenFile(path)).token;
  return { token: isPipe ? token : readAgain, origin: `the file ${path} of ${giver}` };
}

function checkVariable(token: string): string {
  if (isToken(token)) return token;
  throw new GitPubSubError('invalid-usage', `${TOKEN_VARIABLE} ${describeBadToken(token)}.`);
}

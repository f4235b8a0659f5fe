// The tokens that events are published with: where each is found, and to whom it may be shown. A token goes only to a URL
// that was set where the token was, or further out: whoever can set the one must not get the other's.
import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { describeBadToken, isToken } from '../client/token.ts';
import { readTokenFile, type TokenFileRules } from '../client/token-file.ts';
import { GitPubSubError } from '../core/errors.ts';
import { isRoot } from '../files/file-owner.ts';
import type { Environment, Git } from './git.ts';

/** A token, and what may be told of it. */
export interface FoundToken {
  readonly token: string;
  /** What holds it, in words. */
  readonly origin: string;
  readonly isReadableByAll: boolean;
}

/** What git calls the places of its settings, from the outermost on. */
const SCOPES = ['system', 'global', 'local', 'worktree', 'command'];

/** The same as people say it. */
const SCOPE_NAMES: Readonly<Record<string, string>> = {
  system: 'the machine',
  global: 'the account',
};

const TOKEN_KEYS = ['gitpubsub.token', 'gitpubsub.tokenfile'];

/** What is looked at. */
interface Repository {
  readonly git: Git;
  readonly gitDirectory: string;
  /** What git config says, by keys in lower case. */
  readonly config: ReadonlyMap<string, string>;
}

interface Entry {
  readonly scope: string;
  readonly key: string;
  readonly value: string;
}

/** The tokens of one delivery. */
export class HookTokens {
  /** For what goes to `gitpubsub.url`. */
  readonly ofBroker: FoundToken | undefined;
  /** Why a token that is set is not for `gitpubsub.url`, a sentence. */
  readonly refusal: string | undefined;
  readonly #ownUrl: string | undefined;
  readonly #ofOwnUrl: FoundToken | undefined;

  private constructor(
    ofBroker: FoundToken | string | undefined,
    own: { readonly url: string; readonly token: FoundToken } | undefined,
  ) {
    this.refusal = typeof ofBroker === 'string' ? ofBroker : undefined;
    this.ofBroker = typeof ofBroker === 'string' ? undefined : ofBroker;
    this.#ownUrl = own?.url;
    this.#ofOwnUrl = own?.token;
  }

  /**
   * Looks for them, in the environment and in git config. One in an environment with a GITPUBSUB_URL is for that URL alone.
   * @throws GitPubSubError `invalid-configuration` for one that is named and can't be had
   */
  static async find(repository: Repository, environment: Environment): Promise<HookTokens> {
    const { GITPUBSUB_URL: url = '' } = environment;
    const token = await fromEnvironment(environment);
    if (token !== undefined && url === '') return new HookTokens(token, undefined);
    return new HookTokens(await fromConfig(repository), token && { url, token });
  }

  /** The one for a target: a path at the repository's broker, or a full URL, which a push brought along. */
  for(target: string): FoundToken | undefined {
    if (target.startsWith('/')) return this.ofBroker;
    return target === this.#ownUrl ? this.#ofOwnUrl : undefined;
  }
}

async function fromEnvironment(environment: Environment): Promise<FoundToken | undefined> {
  const { GITPUBSUB_TOKEN: token = '', GITPUBSUB_TOKEN_FILE: path = '' } = environment;
  if (token !== '') return asToken('GITPUBSUB_TOKEN', token);
  return path === '' ? undefined : fromFile('GITPUBSUB_TOKEN_FILE', path);
}

// Gives a sentence where there is one that must not be sent.
async function fromConfig({
  git,
  gitDirectory,
  config,
}: Repository): Promise<FoundToken | string | undefined> {
  // Why: git before 2.26 can't name scopes, and need not where there is no token.
  if (!TOKEN_KEYS.some((key) => config.has(key))) return undefined;
  const entries = await readEntries(git);
  const found = entries.findLast(({ key }) => TOKEN_KEYS.includes(key));
  if (found === undefined) return undefined;
  const url = entries.find(({ key }) => key === 'gitpubsub.url');
  const name = found.key === 'gitpubsub.token' ? found.key : 'gitpubsub.tokenFile';
  if (url !== undefined && SCOPES.indexOf(url.scope) > SCOPES.indexOf(found.scope))
    return `${name} of ${nameScope(found.scope)} is not sent to gitpubsub.url of ${nameScope(url.scope)}; set both in one place.`;
  if (found.key === 'gitpubsub.token') return asToken(name, found.value);
  const isOfRepository = SCOPES.indexOf(found.scope) >= SCOPES.indexOf('local');
  // Why: the account of a repository must not make root read, and send where it likes, what is not its own.
  const ownerUid = isOfRepository && isRoot() ? (await stat(gitDirectory)).uid : undefined;
  return fromFile(name, found.value, { ownerUid });
}

// Of each key the one that counts, in the order of git; an empty one takes away those before it.
async function readEntries(git: Git): Promise<Entry[]> {
  const noneFound = 1;
  const keys = '^gitpubsub[.](url|token|tokenfile)$';
  const { stdout } = await git.ask(
    ['config', '--null', '--show-scope', '--get-regexp', keys],
    [0, noneFound],
  );
  const fields = stdout.toString().split('\0').slice(0, -1);
  const entries = new Map<string, Entry>();
  for (let index = 0; index < fields.length; index += 2) {
    const [scope = '', setting = ''] = fields.slice(index, index + 2);
    const [key = '', ...lines] = setting.split('\n');
    entries.delete(key); // Why: the map keeps the order of what is set anew.
    const value = lines.join('\n');
    if (value !== '') entries.set(key, { scope, key, value });
  }
  return [...entries.values()];
}

function nameScope(scope: string): string {
  return SCOPE_NAMES[scope] ?? 'the repository';
}

function asToken(name: string, value: string): FoundToken {
  const token = value.trim();
  if (isToken(token)) return { token, origin: name, isReadableByAll: false };
  throw new GitPubSubError('invalid-configuration', `${name} ${describeBadToken(token)}.`);
}

async function fromFile(name: string, path: string, rules: TokenFileRules = {}): Promise<FoundToken> {
  if (!isAbsolute(path))
    throw new GitPubSubError(
      'invalid-configuration',
      `${name}: ${JSON.stringify(path)} is not allowed; allowed is a path that begins with /.`,
    );
  try {
    return { ...(await readTokenFile(path, rules)), origin: `${name}, ${path}` };
  } catch (error) {
    if (!(error instanceof GitPubSubError)) throw error;
    throw new GitPubSubError('invalid-configuration', `${name}: ${error.message}`, { cause: error });
  }
}

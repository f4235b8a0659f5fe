// What a repository says about its hook: `git config gitpubsub.*`, the environment, and where it lies.
import { realpath } from 'node:fs/promises';
import { GitPubSubError } from '../core/errors.ts';
import type { Environment, Git } from './git.ts';
import type { RefUpdate } from './ref-update.ts';
import { decodeText, type Text } from './text.ts';
import { DEFAULT_TOPIC_TEMPLATE, topicPath } from './topic-template.ts';

// The broker of a repository that configures none. Why not localhost: `gitpubsub serve` listens on IPv4 alone.
const DEFAULT_BROKER_URL = 'http://127.0.0.1:2069';

/** What the hook of one repository works with. */
export interface HookSettings {
  readonly broker: URL;
  readonly project: Text;
  /** The path to publish a ref's events to, percent-encoded. @throws GitPubSubError `invalid-configuration` */
  readonly pathFor: (update: RefUpdate) => string;
}

/**
 * Reads the settings of a repository. GITPUBSUB_URL, a full URL with its topic, goes before `gitpubsub.url` and
 * `gitpubsub.topic`.
 * @throws GitPubSubError `invalid-configuration`
 */
export async function readSettings(git: Git, environment: Environment): Promise<HookSettings> {
  const config = await readConfig(git);
  const project = await findProject(git, config.get('gitpubsub.project'));
  const fullUrl = environment['GITPUBSUB_URL'] ?? '';
  if (fullUrl !== '') {
    const broker = parseUrl('GITPUBSUB_URL', fullUrl);
    return { broker, project, pathFor: () => broker.pathname + broker.search };
  }
  const broker = parseUrl('gitpubsub.url', config.get('gitpubsub.url') ?? DEFAULT_BROKER_URL);
  const template = config.get('gitpubsub.topic') ?? DEFAULT_TOPIC_TEMPLATE;
  const base = broker.pathname.replace(/\/+$/, '');
  return { broker, project, pathFor: (update) => base + topicPath(template, project.text, update) };
}

// Keys in lower case; of several values the last counts, as for git itself; empty ones count as none.
async function readConfig(git: Git): Promise<Map<string, string>> {
  const noneFound = 1;
  const { stdout } = await git.ask(['config', '--null', '--get-regexp', '^gitpubsub[.]'], [0, noneFound]);
  const config = new Map<string, string>();
  for (const entry of stdout.toString().split('\0')) {
    const [key = '', ...value] = entry.split('\n');
    if (value.join('\n') === '') config.delete(key);
    else config.set(key, value.join('\n'));
  }
  return config;
}

// Why the common directory: a push into a linked worktree is a push into its repository.
async function findProject(git: Git, configured: string | undefined): Promise<Text> {
  if (configured !== undefined) return { text: configured };
  const { stdout } = await git.ask(['rev-parse', '--git-common-dir']);
  const path = await realpath(stdout.subarray(0, -1), 'buffer');
  return decodeText(Buffer.from(projectName(path.toString('latin1')), 'latin1'));
}

function projectName(gitDirectory: string): string {
  const [name = '', parent = ''] = gitDirectory.split('/').toReversed();
  return name === '.git' ? parent : name.replace(/\.git$/, '');
}

function parseUrl(key: string, value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new GitPubSubError(
    'invalid-configuration',
    `${key}: ${JSON.stringify(value)} is no URL; allowed are http://… and https://…`,
  );
}

// What a repository says about its hook: `git config gitpubsub.*`, and where it lies.
import { realpath } from 'node:fs/promises';
import { GitPubSubError } from '../core/errors.ts';
import { decodeText, type Text } from '../core/text.ts';
import { belongsToBroker, checkTemplate, DEFAULT_TOPIC_TEMPLATE, topicPath } from '../core/topic-template.ts';
import type { Target } from './batch.ts';
import type { Environment, Git } from './git.ts';
import { describeBadUrl, isHttpUrl } from './http-url.ts';
import type { RefUpdate } from './ref-update.ts';
import { HookTokens } from './tokens.ts';

// The broker of a repository that configures none. Why not localhost: `gitpubsub serve` listens on IPv4 alone.
const DEFAULT_BROKER_URL = 'http://127.0.0.1:2069';

/** What the hook of one repository works with. */
export interface HookSettings {
  readonly broker: URL;
  readonly tokens: HookTokens;
  readonly project: Text;
  /** What the topics of its events are made from. */
  readonly template: string;
  /** Where a ref's events go. */
  readonly targetFor: (update: RefUpdate) => Target;
}

/**
 * Reads the settings of a repository.
 * @throws GitPubSubError `invalid-configuration`
 */
export async function readSettings(
  git: Git,
  gitDirectory: string,
  environment: Environment,
): Promise<HookSettings> {
  const config = await readConfig(git);
  const configured = config.get('gitpubsub.project');
  const project =
    configured === undefined
      ? await findProject(gitDirectory, config.get('gitpubsub.root'))
      : { text: configured };
  const broker = parseUrl('gitpubsub.url', config.get('gitpubsub.url') ?? DEFAULT_BROKER_URL);
  const template = config.get('gitpubsub.topic') ?? DEFAULT_TOPIC_TEMPLATE;
  checkTemplate('gitpubsub.topic', template);
  const base = broker.pathname.replace(/\/+$/, '');
  return {
    broker,
    tokens: await HookTokens.find({ git, gitDirectory, config }, environment),
    project,
    template,
    targetFor: (update) => targetAt(base, topicPath(template, project.text, update.ref.text)),
  };
}

/** Where all events of a push go whose environment has GITPUBSUB_URL, a full URL with its topic. */
export function targetAtUrl(url: string): Target {
  return isHttpUrl(url) ? { target: url } : { target: url, refusal: describeBadUrl('GITPUBSUB_URL', url) };
}

// Why no error: it depends on the ref, and a ref is whatever somebody pushes.
function targetAt(base: string, topic: string): Target {
  const target = base + topic;
  return belongsToBroker(topic)
    ? { target, refusal: `The topic ${topic} starts with "-", which belongs to the broker.` }
    : { target };
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

// Without `.git`; for a directory below the root the way there from it.
async function findProject(gitDirectory: string, root: string | undefined): Promise<Text> {
  const path = (await canonicalPath(gitDirectory)).replace(/\/?\.git$/, '');
  const above = root === undefined ? '' : `${await canonicalPath(root)}/`;
  const isBelow = above !== '' && path.startsWith(above);
  const name = isBelow ? path.slice(above.length) : path.slice(path.lastIndexOf('/') + 1);
  return decodeText(Buffer.from(name, 'latin1'));
}

// One character a byte, because it may be no UTF-8. What does not exist stays as it is.
async function canonicalPath(path: string): Promise<string> {
  const canonical = await realpath(path, 'buffer').catch(() => Buffer.from(path.replace(/\/+$/, '')));
  return canonical.toString('latin1');
}

function parseUrl(key: string, value: string): URL {
  if (isHttpUrl(value)) return new URL(value);
  throw new GitPubSubError('invalid-configuration', describeBadUrl(key, value));
}

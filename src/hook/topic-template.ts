// Where a ref's events go: the topic template of `gitpubsub.topic`, filled in and percent-encoded.
import { GitPubSubError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { shortName, type RefUpdate } from './ref-update.ts';

/** The topic of a repository that configures none: `/json` covers all repositories, `/json/<project>` one. */
export const DEFAULT_TOPIC_TEMPLATE = '/json/{project}/{branch}';

const PLACEHOLDER = /\{([^{}/]*)\}/g;

/** The values a template may name; `branch` is the full ref for everything that is no branch. */
const PLACEHOLDERS = ['project', 'branch', 'ref', 'type'] as const;

/** @throws GitPubSubError `invalid-configuration` if no ref can be published by this template */
export function checkTemplate(template: string): void {
  for (const [, name = ''] of template.matchAll(PLACEHOLDER)) checkPlaceholder(name);
  if (belongsToBroker(template.replace(/^\/*/, '/')))
    throw invalid(`gitpubsub.topic: ${template} starts with "-", which belongs to the broker.`);
}

/** Whether a path is the broker's own, and so no topic. [P3] */
export function belongsToBroker(path: string): boolean {
  return path === '/-' || path.startsWith('/-/');
}

/**
 * The path to publish a ref's events to, percent-encoded. Slashes in the values divide segments as those in the template
 * do; everything else in either is text, so that the template `/50%/{branch}` means just that. [P1]
 * @throws GitPubSubError `invalid-configuration`
 */
export function topicPath(template: string, project: string, update: RefUpdate): string {
  const values = { project, branch: shortName(update), ref: update.ref.text, type: update.type };
  const topic = template.replaceAll(PLACEHOLDER, (_, name: string) => values[checkPlaceholder(name)]);
  const segments = topic.split('/').filter((segment) => segment !== '');
  return '/' + segments.map(encodeURIComponent).join('/');
}

function checkPlaceholder(name: string): (typeof PLACEHOLDERS)[number] {
  const known = PLACEHOLDERS.find((placeholder) => placeholder === name);
  if (known !== undefined) return known;
  const meant = nearest(name, PLACEHOLDERS);
  const hint = meant === undefined ? '' : `; did you mean {${meant}}?`;
  throw invalid(`gitpubsub.topic: {${name}} is unknown, allowed are {${PLACEHOLDERS.join('}, {')}}${hint}`);
}

function invalid(message: string): GitPubSubError {
  return new GitPubSubError('invalid-configuration', message);
}

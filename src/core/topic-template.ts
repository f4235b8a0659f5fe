// Where a ref's events go: a topic template, such as `/json/{project}/{branch}`, filled in and percent-encoded.
import { GitPubSubError } from './errors.ts';
import { nearest } from './nearest.ts';
import { branchOrRef, refType } from './ref.ts';
import { parseTopic } from './topic.ts';

/** The topic where none is configured: `/json` covers all repositories, `/json/<project>` one. */
export const DEFAULT_TOPIC_TEMPLATE = '/json/{project}/{branch}';

const PLACEHOLDER = /\{([^{}/]*)\}/g;

/** The values a template may name; `branch` is the full ref for everything that is no branch. */
const PLACEHOLDERS = ['project', 'branch', 'ref', 'type'] as const;

/**
 * Checks a template that was configured under the name of a setting.
 * @throws GitPubSubError `invalid-configuration` if no ref can be published by this template
 */
export function checkTemplate(setting: string, template: string): void {
  for (const [, name = ''] of template.matchAll(PLACEHOLDER)) {
    if (findPlaceholder(name) === undefined) throw invalid(`${setting}: ${describeUnknown(name)}`);
  }
  if (belongsToBroker(template.replace(/^\/*/, '/')))
    throw invalid(`${setting}: ${template} starts with "-", which belongs to the broker.`);
  if (template === '')
    throw invalid(`${setting}: it is empty; allowed is a template such as ${DEFAULT_TOPIC_TEMPLATE}.`);
  if (/[{}]/.test(template.replaceAll(PLACEHOLDER, '')))
    throw invalid(`${setting}: a brace in ${template} belongs to no placeholder, ${describeAllowed()}`);
  checkTopic(setting, template);
}

// With the shortest values: others only make the topic longer.
function checkTopic(setting: string, template: string): void {
  try {
    parseTopic(topicPath(template, 'x', 'refs/heads/x'));
  } catch (error) {
    throw invalid(`${setting}: ${JSON.stringify(template)} makes no topic: ${(error as Error).message}`);
  }
}

/** Whether a path is the broker's own, and so no topic. [P3] */
export function belongsToBroker(path: string): boolean {
  return path === '/-' || path.startsWith('/-/');
}

/**
 * The path to publish a ref's events to, percent-encoded, by a template that was checked. Slashes in the values divide
 * segments as those in the template do; everything else in either is text, so that the template `/50%/{branch}` means
 * just that. [P1]
 */
export function topicPath(template: string, project: string, ref: string): string {
  const values = { project, branch: branchOrRef(ref), ref, type: refType(ref) };
  const topic = template.replaceAll(PLACEHOLDER, (placeholder, name: string) => {
    const known = findPlaceholder(name);
    return known === undefined ? placeholder : values[known];
  });
  const segments = topic.split('/').filter((segment) => segment !== '');
  return '/' + segments.map(encodeURIComponent).join('/');
}

function findPlaceholder(name: string): (typeof PLACEHOLDERS)[number] | undefined {
  return PLACEHOLDERS.find((placeholder) => placeholder === name);
}

function describeUnknown(name: string): string {
  const meant = nearest(name, PLACEHOLDERS);
  const hint = meant === undefined ? '' : `; did you mean {${meant}}?`;
  return `{${name}} is unknown, ${describeAllowed()}${hint}`;
}

function describeAllowed(): string {
  return `allowed are {${PLACEHOLDERS.join('}, {')}}`;
}

function invalid(message: string): GitPubSubError {
  return new GitPubSubError('invalid-configuration', message);
}

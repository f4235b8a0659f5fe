// `gitpubsub hook status`: says how the hook does in repositories. Changes nothing.
import { readDeliveryStatus, type DeliveryStatus } from '../hook/delivery-status.ts';
import { Git } from '../hook/git.ts';
import { findHookPlace, hasHook, SHIPPED_HOOK, type Occupant } from '../hook/hook-place.ts';
import { readSettings } from '../hook/settings.ts';
import type { HookTokens } from '../hook/tokens.ts';
import { toOneLine, toPrintable } from '../core/printable.ts';
import { forEachRepository } from './each-repository.ts';
import { EXIT_FAILURE, EXIT_WAITING, exitStatusFor, worstStatus } from './exit-status.ts';

const OCCUPANTS: Readonly<Record<Occupant, string>> = {
  nothing: 'not installed',
  link: 'installed',
  'foreign-link': 'installed, as a link to that of another GitPubSub',
  'dangling-link': 'not installed; a link that leads nowhere is there',
  copy: 'installed, as a copy',
  chain: 'installed, before another hook',
  'broken-chain': `installed, before a hook that no longer finds its parts; \`gitpubsub hook install\` mends it`,
  other: 'not installed; another hook is there',
};

/** Where a repository publishes. */
interface Target {
  readonly text: string;
  /** A line about the token, if there is anything to say. */
  readonly token: readonly string[];
  readonly status: number;
}

/**
 * Says of every repository where it publishes, what waits and how the last delivery went. Returns the exit status: 0 when all
 * have the hook and nothing waits.
 */
export function runHookStatus(paths: readonly string[]): Promise<number> {
  return forEachRepository(paths, async (repository) => {
    const git = new Git(repository, process.env);
    const place = await findHookPlace(git, repository, SHIPPED_HOOK);
    const target = await describeTarget(git, repository);
    const delivery = await readDeliveryStatus(repository);
    const lines = [
      repository,
      `  hook       ${OCCUPANTS[place.occupant]} (${place.path})`,
      `  publishes  ${target.text}`,
      ...target.token,
      ...describeDelivery(delivery),
    ];
    process.stdout.write(`${lines.map(toPrintable).join('\n')}\n`);
    return worstStatus(
      target.status,
      hasHook(place) ? 0 : EXIT_FAILURE,
      delivery.waiting.pushCount > 0 ? EXIT_WAITING : 0,
    );
  });
}

// The topic of a branch; what is still in braces depends on the ref.
async function describeTarget(git: Git, repository: string): Promise<Target> {
  try {
    const { broker, template, project, tokens } = await readSettings(git, repository, process.env);
    // Without the user and password that may be in it.
    const base = broker.origin + broker.pathname.replace(/\/+$/, '');
    const text = base + template.replaceAll('{project}', project.text);
    return { text, token: describeToken(broker, tokens), status: 0 };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { text: `nothing: ${toOneLine(reason)}`, token: [], status: exitStatusFor(error) };
  }
}

// Where it comes from, never what it is.
function describeToken({ username, password }: URL, { ofBroker, refusal }: HookTokens): string[] {
  if (ofBroker === undefined) return refusal === undefined ? [] : [`  token      none: ${refusal}`];
  if (username !== '' || password !== '')
    return ['  token      none: gitpubsub.url has a user and password of its own'];
  const warning = ofBroker.isReadableByAll ? ', which every account of this machine can read' : '';
  return [`  token      from ${ofBroker.origin}${warning}`];
}

function describeDelivery(status: DeliveryStatus): string[] {
  const { waiting, lastDelivery, lastError, deadLetterCount } = status;
  const since =
    waiting.sinceMs === undefined ? '' : `, the first since ${new Date(waiting.sinceMs).toISOString()}`;
  return [
    `  waiting    ${waiting.pushCount === 1 ? '1 push' : `${waiting.pushCount} pushes`}${since}`,
    `  delivered  ${lastDelivery ?? 'nothing yet'}`,
    ...(lastError ? [`  trouble    ${toOneLine(lastError.message)} (${lastError.time})`] : []),
    ...(deadLetterCount > 0 ? [`  refused    ${deadLetterCount}, see gitpubsub/dead-letter.ndjson`] : []),
  ];
}

// Webhooks of hosted git: from a delivery, whose body was parsed already, to the events it stands for. Knows no HTTP server.
import { GitPubSubError } from '../core/errors.ts';
import type { NewEvent } from '../core/event.ts';
import { isIdempotencyKey } from '../core/idempotency-key.ts';
import { MAX_BATCH_LINES } from '../core/ndjson.ts';
import { MAX_TOPIC_BYTES, parseTopic, type Topic } from '../core/topic.ts';
import { belongsToBroker, topicPath } from '../core/topic-template.ts';
import type { WebhookKindName } from '../core/webhook-kinds.ts';
import { BITBUCKET_SERVER } from './bitbucket-server.ts';
import { GITEA } from './gitea.ts';
import { GITHUB } from './github.ts';
import { GITLAB } from './gitlab.ts';
import { Member } from './member.ts';
import { makeEvents } from './push-events.ts';
import type { ToldPush } from './told-push.ts';
import type { Headers, WebhookKind } from './webhook-kind.ts';

/** The kinds of webhooks that are understood. */
export const WEBHOOK_KINDS: Readonly<Record<WebhookKindName, WebhookKind>> = {
  github: GITHUB,
  gitlab: GITLAB,
  gitea: GITEA,
  'bitbucket-server': BITBUCKET_SERVER,
};

/**
 * Whether a delivery comes from who knows one of the secrets, of which there are several while they are changed. Takes the
 * body as it came, and as long for a wrong signature as for a right one. Without a signature or a secret it does not, unless it
 * is a ping that its sender never signs.
 */
export function verify(
  kind: WebhookKindName,
  headers: Headers,
  rawBody: Uint8Array,
  secrets: readonly string[],
): boolean {
  return WEBHOOK_KINDS[kind].verify(headers, rawBody, secrets);
}

/** What identifies a delivery however often it is tried, fit for an idempotency key; undefined if the sender tells none. [P9] */
export function readDeliveryId(kind: WebhookKindName, headers: Headers): string | undefined {
  const id = firstOf(headers, WEBHOOK_KINDS[kind].deliveryHeaders);
  return id !== undefined && isIdempotencyKey(id) ? id : undefined;
}

/** What a delivery stands for. */
export interface Translation {
  /** In the order to publish them: for each ref its commits, the oldest first, then the push. */
  readonly events: readonly NewEvent[];
  /** A sentence for each ref that can have no topic, whatever its sender does: its events are not among the others. */
  readonly leftOut: readonly string[];
}

/**
 * The events of a delivery; none for a kind of event that is not asked for, such as a ping. In the template, which was
 * checked, `{project}` is the repository's full name, with its owner. No event is longer than what `core/event-limits.ts` says.
 * @throws GitPubSubError `invalid-delivery` for a payload of another form, `payload-too-large` for more events than fit into
 * one request
 */
export function translate(
  kind: WebhookKindName,
  headers: Headers,
  payload: unknown,
  template: string,
): Translation {
  const { readers } = WEBHOOK_KINDS[kind];
  const name = readEventName(kind, headers);
  const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
  const leftOut: string[] = [];
  const events = (read?.(new Member(payload)) ?? []).flatMap((push) => {
    try {
      return publishable(push, template);
    } catch (error) {
      // Why no refusal: a ref is whatever somebody pushes, and must not stop what else the webhook tells.
      if (!(error instanceof GitPubSubError)) throw error;
      leftOut.push(`${push.ref} of ${push.project} is left out: ${error.message}`);
      return [];
    }
  });
  if (events.length <= MAX_BATCH_LINES) return { events, leftOut };
  throw new GitPubSubError(
    'payload-too-large',
    `The delivery makes ${events.length} events; at most ${MAX_BATCH_LINES} are allowed.`,
  );
}

function publishable(push: ToldPush, template: string): NewEvent[] {
  const topic = topicOf(push, template);
  return makeEvents(push).map((event) => ({ topic, payload: JSON.stringify(event) }));
}

function topicOf({ project, ref }: ToldPush, template: string): Topic {
  const { length } = project.length > ref.length ? project : ref;
  if (length > MAX_TOPIC_BYTES)
    throw noTopic(`A name of ${length} characters is too long; at most ${MAX_TOPIC_BYTES} are allowed.`);
  const path = topicPath(template, project, ref);
  if (belongsToBroker(path)) throw noTopic(`The topic ${path} starts with "-", which belongs to the broker.`);
  return parseTopic(path);
}

function noTopic(message: string): GitPubSubError {
  return new GitPubSubError('invalid-topic', message);
}

function readEventName(kind: WebhookKindName, headers: Headers): string {
  const { eventHeaders } = WEBHOOK_KINDS[kind];
  const name = firstOf(headers, eventHeaders);
  if (name !== undefined) return name;
  throw new GitPubSubError(
    'invalid-delivery',
    `The header ${eventHeaders.join(' or ')} is missing; a webhook of kind ${kind} names its event there.`,
  );
}

function firstOf(headers: Headers, names: readonly string[]): string | undefined {
  return names.map((name) => headers(name)).find((value) => value !== undefined && value !== '');
}

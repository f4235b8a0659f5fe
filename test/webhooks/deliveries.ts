// Deliveries as the vendors send them: their real members, with made-up people and repositories. The sources are named in
// src/webhooks/.
import { readFileSync } from 'node:fs';
import type { CommitDetails, PushDetails } from '../../src/core/commit-event.ts';
import { DEFAULT_TOPIC_TEMPLATE } from '../../src/core/topic-template.ts';
import type { Headers } from '../../src/webhooks/webhook-kind.ts';
import type { WebhookKindName } from '../../src/core/webhook-kinds.ts';
import { translate, WEBHOOK_KINDS } from '../../src/webhooks/webhooks.ts';

/** What stands for no object. */
export const ZERO: string = '0'.repeat(40);

/** The hashes that the payloads hold: commits, each on top of the one before it, what was there before, and a tag. */
export const HASHES: Readonly<Record<'first' | 'second' | 'merge' | 'other' | 'old' | 'tag', string>> = {
  first: '1a2b3c4d5e'.repeat(4),
  second: '2b3c4d5e6f'.repeat(4),
  merge: '3c4d5e6f70'.repeat(4),
  other: '4d5e6f7081'.repeat(4),
  old: '9f8e7d6c5b'.repeat(4),
  tag: 'a0b1c2d3e4'.repeat(4),
};

/** A JSON object that a test may change. */
// oxlint-disable-next-line typescript/no-explicit-any -- a payload of whatever form
export type Payload = Record<string, any>;

/** Reads a payload of its own for each test. */
export function readPayload(name: string): Payload {
  return JSON.parse(readFileSync(new URL(`payloads/${name}.json`, import.meta.url), 'utf8')) as Payload;
}

/** Headers as a server hands them on, by their names in lower case. */
export function headersOf(headers: Readonly<Record<string, string>>): Headers {
  return (name) => headers[name];
}

/** What is published: topics in order, the details of the two kinds of events, and why refs were left out. */
export interface Published {
  readonly topics: readonly string[];
  readonly kinds: readonly string[];
  readonly commits: readonly CommitDetails[];
  readonly pushes: readonly PushDetails[];
  readonly leftOut: readonly string[];
}

/** Translates a delivery of an event. */
export function publish(
  kind: WebhookKindName,
  event: string,
  payload: unknown,
  template: string = DEFAULT_TOPIC_TEMPLATE,
): Published {
  const name = WEBHOOK_KINDS[kind].eventHeaders[0] ?? '';
  const { events: published, leftOut } = translate(kind, headersOf({ [name]: event }), payload, template);
  const events = published.map((one) => JSON.parse(one.payload) as Record<string, unknown>);
  return {
    topics: published.map(({ topic }) => topic),
    kinds: events.flatMap((one) => Object.keys(one)),
    commits: events.flatMap(({ commit }) => (commit === undefined ? [] : [commit as CommitDetails])),
    pushes: events.flatMap(({ push }) => (push === undefined ? [] : [push as PushDetails])),
    leftOut,
  };
}

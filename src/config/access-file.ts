// The access file: whose tokens there are, who may do what, and what is private. Checked as a whole.
import { z } from 'zod';
import type { AccessRules } from '../access/access-rules.ts';
import { parsePeerRange, type ProxyRange } from '../access/peer-range.ts';
import { GitPubSubError } from '../core/errors.ts';
import { parseWrittenPrefix, type Topic } from '../core/topic.ts';
import { DEFAULT_TOPIC_TEMPLATE, checkTemplate } from '../core/topic-template.ts';
import { WEBHOOK_KIND_NAMES } from '../core/webhook-kinds.ts';
import { readJsonFile } from './json-file.ts';
import { anyNumber, byteCount, wholeNumber } from './kinds.ts';
import type { ReadFile } from './read-file.ts';
import { dictionary, listOf, ofKind, parsed, record, says } from './shapes.ts';

/** An access file as far as it could be read. */
export interface AccessFile {
  /** `undefined` when there is any problem. */
  readonly rules: AccessRules | undefined;
  /** One sentence each: where it stands, the value, and what is allowed. */
  readonly problems: readonly string[];
}

/** How long a day is, in milliseconds. */
const DAY_MS = 86_400_000;

/** Far beyond what a broker has connections for. */
const MOST_STREAMS = 1_000_000;

/** Far beyond what a broker stores. */
const MOST_PER_SECOND = 1_000_000;

/** An hour: with longer ones nobody would notice a limit. */
const LONGEST_BURST_SECONDS = 3_600;

const EXPIRY =
  'a day such as 2027-01-31, through which the token is right, or a moment such as 2027-01-31T12:00:00Z';

const NAME = /^[\w.@-]{1,64}$/;
const NAMES = 'a name of 1 to 64 letters, digits, dots, dashes, underscores and @';

/** The SHA-256 of no text at all, as `sha256sum` gives it for an empty variable. */
const NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

const topics = listOf(parsed(parseRequestPrefix, 'a topic such as /json/widget'), 'topics').default([]);
const rights = {
  publish: topics,
  subscribe: topics,
  statistics: z.boolean({ error: says('true or false') }).default(false),
};
const limits = record({
  streams: ofKind(wholeNumber({ min: 1, max: MOST_STREAMS })).optional(),
  publishesPerSecond: ofKind(anyNumber({ min: 0.001, max: MOST_PER_SECOND })).optional(),
  bytesPerSecond: ofKind(byteCount({ min: 1, max: Number.MAX_SAFE_INTEGER })).optional(),
  burstSeconds: ofKind(anyNumber({ min: 1, max: LONGEST_BURST_SECONDS })).default(10),
}).optional();
// Why nothing is quoted: it may be a secret.
const notAHash = { error: 'is not the SHA-256 of a token; allowed is what gitpubsub token new prints.' };
const notASecret = {
  error:
    'is no secret; allowed is a list of at least one text of 8 or more ASCII characters, without blanks around it.',
};
// Why not all characters: some senders put it into a header, which has no encoding and loses the blanks around it.
const SECRET = /^[!-~][ -~]{6,}[!-~]$/;
const token = record(
  {
    sha256: z
      .string(notAHash)
      .regex(/^[\da-f]{64}$/, notAHash)
      .refine((hash) => hash !== NOTHING, { error: 'is the SHA-256 of nothing; that is no token.' }),
    expires: parsed(parseExpiry, EXPIRY).optional(),
  },
  { isSecret: true },
);
const principal = record(
  { tokens: listOf(token, 'tokens', { isSecret: true }), limits, ...rights },
  { isSecret: true },
);
const peerRights = record({
  addresses: listOf(parsed(parseAddresses, 'an address, a range or unix'), 'addresses and ranges').min(1, {
    error: 'is empty; allowed is a list of at least one address, range or unix.',
  }),
  limits,
  ...rights,
});
const webhook = record(
  {
    kind: z.enum(WEBHOOK_KIND_NAMES, {
      error: says(WEBHOOK_KIND_NAMES.join(', ').replace(/, ([^,]*)$/, ' or $1')),
    }),
    secrets: listOf(z.string(notASecret).regex(SECRET, notASecret), 'secrets', { isSecret: true }).min(
      1,
      notASecret,
    ),
    topic: parsed(parseTemplate, 'a topic template such as /json/{project}/{branch}').default(
      DEFAULT_TOPIC_TEMPLATE,
    ),
  },
  { isSecret: true },
);
const accessFile = record({
  private: topics,
  principals: dictionary(principal, NAME, NAMES, { isSecret: true }).default({}),
  peers: listOf(peerRights, 'rights of addresses').default([]),
  webhooks: dictionary(webhook, NAME, NAMES, { isSecret: true }).default({}),
});

/** Reads the access file. */
export function readAccessFile(path: string, readFile: ReadFile): AccessFile {
  const { object, problems } = readJsonFile(path, readFile, {
    name: 'access file',
    example: '{"principals": {}}',
  });
  if (!object) return { rules: undefined, problems };
  const result = accessFile.safeParse(object);
  const wrong =
    result.error?.issues.flatMap(({ path: place, message }) =>
      message.split('\n').map((sentence) => `${describePlace(place)}${path}: ${sentence}`),
    ) ?? [];
  const all = [...problems, ...wrong, ...findSharedTokens(object, path)];
  return { rules: all.length === 0 ? result.data && toRules(result.data) : undefined, problems: all };
}

function toRules({
  private: privates,
  principals,
  peers,
  webhooks,
}: z.output<typeof accessFile>): AccessRules {
  return {
    privates,
    peers,
    webhooks: new Map(Object.entries(webhooks)),
    principals: Object.entries(principals).map(([name, { tokens, ...others }]) => ({
      name,
      tokens: tokens.map(({ sha256, expires }) => ({ sha256, expiresMs: expires })),
      ...others,
    })),
  };
}

// A token that stands twice would be the one's or the other's by chance. What else is wrong is told by the shape.
const hashes = z.looseObject({
  principals: z.record(
    z.string(),
    z
      .looseObject({ tokens: z.array(z.looseObject({ sha256: z.string() }).catch({ sha256: '' })).catch([]) })
      .catch({ tokens: [] }),
  ),
});

function findSharedTokens(object: object, path: string): string[] {
  const places = new Map<string, string>();
  const problems: string[] = [];
  for (const [name, { tokens }] of Object.entries(hashes.safeParse(object).data?.principals ?? {})) {
    for (const [index, { sha256 }] of tokens.entries()) {
      const place = `principals.${name}.tokens[${index}]`;
      const first = places.get(sha256);
      if (first === undefined) places.set(sha256, place);
      else if (sha256 !== '')
        problems.push(`${place} in ${path}: is the same token as ${first}; each must stand there once.`);
    }
  }
  return problems;
}

// `principals.ci.tokens[0] in `
function describePlace(place: readonly PropertyKey[]): string {
  if (place.length === 0) return '';
  const text = place.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  return `${text.replace(/^\./, '')} in `;
}

// Topics stand there as in a request, where what is behind these is none of it.
function parseRequestPrefix(text: string): Topic {
  const end = /[?#]/.exec(text)?.[0];
  if (end === undefined) return parseWrittenPrefix(text);
  throw new GitPubSubError(
    'invalid-configuration',
    `The topic ${JSON.stringify(text)} must not hold "${end}", which ends a path; where it is meant as such it is ${encodeURIComponent(end)}.`,
  );
}

function parseTemplate(text: string): string {
  checkTemplate('topic', text);
  return text;
}

function parseAddresses(text: string): ProxyRange {
  return text === 'unix' ? text : parsePeerRange(text);
}

function parseExpiry(text: string): number | undefined {
  const [, day, time] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d))?$/.exec(text) ?? [];
  const dayMs = Date.parse(`${day}T00:00:00Z`);
  // Why: JavaScript takes the 31st of February for a day in March.
  if (Number.isNaN(dayMs) || new Date(dayMs).toISOString().slice(0, 10) !== day) return undefined;
  const ms = time === undefined ? dayMs + DAY_MS : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

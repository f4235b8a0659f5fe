// What the flags of `gitpubsub subscribe` mean together.
import type { Filters } from '../client/subscribe-path.ts';
import { EventFilter, FILTER_KEYS, type FilterKey } from '../core/event-filter.ts';
import { GitPubSubError } from '../core/errors.ts';
import {
  invalidUsage,
  parseChoice,
  parseCount,
  parseDurationMs,
  parseSince,
  type Start,
} from './flag-values.ts';
import { OUTPUT_FORMS } from './standard-output.ts';
import type { TokenFlags } from './client-token.ts';

/** As they were typed. */
export type SubscribeFlags = Readonly<Partial<Record<FilterKey | 'topic', readonly string[]>>> &
  TokenFlags & {
    readonly since?: string;
    readonly cursorFile?: string;
    readonly once?: boolean;
    readonly output?: string;
    readonly exec?: string;
    readonly execLimit?: string;
    readonly execRetries?: string;
    readonly execTimeout?: string;
    readonly deadLetterFile?: string;
    readonly unixSocket?: string;
  };

/** What is to be done. */
export interface SubscribeSettings {
  readonly start: Start | undefined;
  readonly cursorFile: string | undefined;
  readonly isText: boolean;
  /** What the subscription asks for. */
  readonly wanted: {
    readonly once: boolean;
    readonly topics: readonly string[];
    readonly filters: Filters;
    readonly socketPath?: string;
  };
  readonly exec: ExecSettings | undefined;
}

/** How a command is run for each event. */
export interface ExecSettings {
  readonly command: string;
  readonly limit: number;
  readonly retries: number;
  readonly timeoutMs: number | undefined;
  readonly deadLetterFile: string | undefined;
}

const DEFAULT_LIMIT = '4';
const DEFAULT_RETRIES = '5';

const EXEC_FLAGS = {
  execLimit: '--exec-limit',
  execRetries: '--exec-retries',
  execTimeout: '--exec-timeout',
  deadLetterFile: '--dead-letter-file',
} as const;

/** Reads the flags. @throws GitPubSubError `invalid-usage` */
export function readSubscribeFlags(flags: SubscribeFlags): SubscribeSettings {
  const { since, once = false, topic = [], cursorFile, unixSocket } = flags;
  const start = since === undefined ? undefined : parseSince('--since', since, Date.now());
  return {
    start: start ?? (once ? { since: 0 } : undefined),
    cursorFile,
    isText: readOutput(flags.output),
    wanted: {
      once,
      topics: topic,
      filters: readFilters(flags),
      ...(unixSocket === undefined ? {} : { socketPath: unixSocket }),
    },
    exec: readExec(flags),
  };
}

// Checked here as well, so that it is a wrong call also where the broker is away.
function readFilters(flags: SubscribeFlags): Filters {
  const given = FILTER_KEYS.map((key) => [key, flags[key] ?? []] as const).filter(
    ([, globs]) => globs.length > 0,
  );
  try {
    if (given.length > 0) void new EventFilter(new Map(given));
  } catch (error) {
    if (!(error instanceof GitPubSubError)) throw error;
    throw new GitPubSubError('invalid-usage', error.message, { cause: error });
  }
  return Object.fromEntries(given);
}

/** Whether lines for people are wanted; by default they are on a terminal. @throws GitPubSubError `invalid-usage` */
export function readOutput(text: string | undefined): boolean {
  if (text === undefined) return process.stdout.isTTY;
  return parseChoice('--output', text, OUTPUT_FORMS) === 'text';
}

function readExec(flags: SubscribeFlags): ExecSettings | undefined {
  const { exec: command, execLimit, execRetries, execTimeout, deadLetterFile } = flags;
  if (command !== undefined) {
    if (flags.output !== undefined)
      throw new GitPubSubError(
        'invalid-usage',
        '--output is about what is printed, and with --exec nothing is.',
      );
    // Why: the shell takes it for success, and every event would be gone.
    if (command.trim() === '') throw invalidUsage('--exec', command, 'a shell command');
    return {
      command,
      limit: parseCount(EXEC_FLAGS.execLimit, execLimit ?? DEFAULT_LIMIT, 1, 1_000),
      retries: parseCount(EXEC_FLAGS.execRetries, execRetries ?? DEFAULT_RETRIES, 0, 1_000),
      timeoutMs: execTimeout === undefined ? undefined : parseDurationMs(EXEC_FLAGS.execTimeout, execTimeout),
      deadLetterFile,
    };
  }
  const lonely = Object.entries(EXEC_FLAGS).find(([key]) => flags[key as keyof SubscribeFlags] !== undefined);
  if (lonely === undefined) return undefined;
  throw new GitPubSubError('invalid-usage', `${lonely[1]} is about --exec, and there is none.`);
}

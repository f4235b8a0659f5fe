// What the commands that talk to a broker take: one table for the command line and its help. Values are read by the commands.

/** A flag of one of these commands. */
export interface ClientFlag {
  /** As commander writes them. */
  readonly flags: string;
  readonly description: string;
  /** It may be given several times. */
  readonly isList?: true;
}

const SOCKET: ClientFlag = {
  flags: '--unix-socket <path>',
  description: "connect to this Unix domain socket instead of the URL's host and port",
};

const TOKEN_FILE: ClientFlag = {
  flags: '--token-file <path>',
  description: 'show the token in this file; else that of GITPUBSUB_TOKEN or GITPUBSUB_TOKEN_FILE',
};

const SINCE_VALUES = 'an age (10m, 2h, 3d), a date (2026-11-20, 2026-11-20T10:00), epoch seconds';

const FILTERS: readonly ClientFlag[] = [
  { flags: '--topic <path>', description: 'one more topic in the same stream', isList: true },
  { flags: '--project <glob>', description: 'only events of this project', isList: true },
  { flags: '--ref <glob>', description: 'only events of this ref, by its full or short name', isList: true },
  { flags: '--path <glob>', description: 'only commits that change such a file', isList: true },
  {
    flags: '--author <glob>',
    description: 'only commits of this author, by name or mail address',
    isList: true,
  },
  { flags: '--type <type>', description: 'only commit, push or other events', isList: true },
  { flags: '--hash <hash>', description: 'only this commit; 7 digits are enough', isList: true },
];

export const SUBSCRIBE_FLAGS: readonly ClientFlag[] = [
  {
    flags: '--since <when>',
    description: `start there: ${SINCE_VALUES}, or a cursor; 0 is all that is held`,
  },
  {
    flags: '--cursor-file <file>',
    description: 'remember there how far it came, and start there the next time',
  },
  { flags: '--once', description: 'end with what there is now; without a start, that is all that is held' },
  { flags: '--output <form>', description: 'json or text; by default text on a terminal, else json' },
  ...FILTERS,
  { flags: '--exec <command>', description: 'run this shell command for each event instead of printing it' },
  {
    flags: '--exec-limit <count>',
    description: 'projects whose commands run side by side; 4 by default',
  },
  {
    flags: '--exec-retries <count>',
    description: 'how often a command that fails is run again, with growing pauses; 5 by default',
  },
  {
    flags: '--exec-timeout <time>',
    description: 'a command that takes longer is ended, and has failed; without it none is',
  },
  {
    flags: '--dead-letter-file <file>',
    description: 'where events go whose command failed for good; without it, that ends gitpubsub',
  },
  TOKEN_FILE,
  SOCKET,
];

export const SUBSCRIBE_HELP = `
What is typed after --topic and the filters may be given several times: of the same
flag any has to match, of different flags all. In globs * stays within a segment,
** crosses.

--exec gives the event as one line of JSON on standard input, and in the environment
GITPUBSUB_TYPE (commit, push or other), GITPUBSUB_TOPIC, GITPUBSUB_TIMESTAMP,
GITPUBSUB_CURSOR, GITPUBSUB_ATTEMPT; of commits and pushes GITPUBSUB_PROJECT,
GITPUBSUB_REF, GITPUBSUB_REF_NAME (short) and GITPUBSUB_HASH; of commits
GITPUBSUB_AUTHOR, GITPUBSUB_EMAIL and GITPUBSUB_SUBJECT; of pushes GITPUBSUB_ACTION,
GITPUBSUB_BEFORE and GITPUBSUB_PUSHER. These are what others wrote: quote them.
Events of one project run one after the other, in order.

Every event is handled at least once: with --cursor-file, what was not finished when
gitpubsub ended comes again. Ended by Ctrl-C or SIGTERM it finishes what it is at, and
then nothing comes twice.`;

export const PUBLISH_FLAGS: readonly ClientFlag[] = [
  {
    flags: '--ndjson',
    description: 'the input has one event a line, as files that end in .ndjson or .jsonl have',
  },
  {
    flags: '--idempotency-key <key>',
    description: 'publishing the same again under this key stores nothing; random by default',
  },
  {
    flags: '--retry-for <time>',
    description:
      'how long to try while the broker cannot be reached, such as 30s; 1m by default, 0s for once',
  },
  TOKEN_FILE,
  SOCKET,
];

export const WAIT_FLAGS: readonly ClientFlag[] = [
  { flags: '--commit <hash>', description: 'wait for this commit; 7 digits are enough' },
  { flags: '--project <glob>', description: 'wait for a push to this project' },
  { flags: '--ref <glob>', description: 'wait for a push to this ref, by its full or short name' },
  { flags: '--timeout <time>', description: 'how long to wait; 5m by default, 0s only looks back' },
  {
    flags: '--since <when>',
    description: `what was before does not count: ${SINCE_VALUES}, or a cursor; 1h by default`,
  },
  { flags: '--output <form>', description: 'json or text; by default text on a terminal, else json' },
  TOKEN_FILE,
  SOCKET,
];

export const WAIT_HELP = `
--project and --ref narrow each other down; one of the three flags is enough.

It looks back first and then waits, on one stream, so nothing can slip through between.
Status 0 when it has been seen, 124 when the time is over.`;

export const DOCTOR_FLAGS: readonly ClientFlag[] = [
  { flags: '--duration <time>', description: 'how long to watch a stream; 30s by default' },
  TOKEN_FILE,
];

export const STATS_FLAGS: readonly ClientFlag[] = [
  { flags: '--watch', description: 'again and again, every 2s' },
  { flags: '--every <time>', description: 'again and again at this pace; 100ms at least' },
  { flags: '--json', description: 'as JSON' },
  TOKEN_FILE,
  SOCKET,
];

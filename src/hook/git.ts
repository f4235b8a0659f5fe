// Runs git plumbing without a shell and streams what it prints. The only file of the hook that starts git.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';

// How git ends when it gives up.
const FATAL_STATUS = 128;

// What is kept of git's error output for our message: its last lines.
const MAX_COMPLAINT_CHARACTERS = 2_000;

const OBJECT_NAME = /\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b/g;

/** Environment variables, as node has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a finished git said. */
export interface GitAnswer {
  readonly status: number;
  readonly stdout: Buffer;
}

// What git itself calls local to a repository or to one command of it: a delivery outlives both.
// Source: git rev-parse --local-env-vars, and what receive-pack adds
const LOCAL_VARIABLES =
  /^GIT_(?:(?:ALTERNATE_)?OBJECT_DIRECTOR(?:Y|IES)|CONFIG(?:_PARAMETERS|_COUNT)?|DIR|WORK_TREE|COMMON_DIR|GRAFT_FILE|INDEX_FILE|IMPLICIT_WORK_TREE|NO_REPLACE_OBJECTS|REPLACE_REF_BASE|PREFIX|INTERNAL_SUPER_PREFIX|SHALLOW_FILE|NAMESPACE|QUARANTINE_PATH|PUSH_.*)$/;

// What git says when the machine is in trouble, not the repository. What it lacks only counts as trouble for a while.
const MACHINE_TROUBLE =
  /out of memory|malloc failed|cannot fork|resource temporarily unavailable|too many open files|no space left|permission denied|input\/output error|cannot allocate memory|cannot be mapped|mmap failed|unable to create thread|stale file handle|timed out/i;

/** Objects that are to be announced can't be read: they are gone, damaged, or out of reach for the moment. */
export class UnreadableHistory extends Error {
  /** Those that git named. */
  readonly objects: readonly string[];

  constructor(message: string, objects: readonly string[]) {
    super(message);
    this.objects = objects;
  }
}

/** Git in one repository. */
export class Git {
  readonly #env: NodeJS.ProcessEnv;

  constructor(gitDirectory: string, environment: Environment) {
    const inherited = Object.entries(environment).filter(([name]) => !LOCAL_VARIABLES.test(name));
    this.#env = {
      ...Object.fromEntries(inherited),
      GIT_DIR: gitDirectory,
      // Why: an event's hash and its content belong together, so a replaced object is announced as it was pushed.
      GIT_NO_REPLACE_OBJECTS: '1',
      GIT_NO_LAZY_FETCH: '1', // Why: what is missing is told as missing; nobody waits for another server.
      LC_ALL: 'C',
    };
  }

  /**
   * Runs git to its end and gives all it printed: for short answers.
   * @throws Error if it can't be run; UnreadableHistory if it ends with a status that is not in `expected`
   */
  async ask(args: readonly string[], expected: readonly number[] = [0]): Promise<GitAnswer> {
    const child = this.#start(args, '');
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    const status = await ended(child, args, expected);
    return { status, stdout: Buffer.concat(chunks) };
  }

  /**
   * Gives what git prints as it comes; the reader sets the pace. Git is stopped when the reader stops.
   * @throws Error if it can't be run; UnreadableHistory if it can't read what it was asked for
   */
  async *stream(args: readonly string[], input: string): AsyncGenerator<Buffer, void, undefined> {
    const child = this.#start(args, input);
    const end = ended(child, args, [0]);
    end.catch(ignore); // Why: it is awaited only after the output has been read.
    try {
      for await (const chunk of child.stdout as AsyncIterable<Buffer>) yield chunk;
      await end;
    } finally {
      child.kill();
    }
  }

  #start(args: readonly string[], input: string): ChildProcessWithoutNullStreams {
    const child = spawn('git', args, { env: this.#env });
    child.stdin.on('error', ignore); // Why: a git that ends early is known by its status.
    child.stdin.end(input);
    return child;
  }
}

async function ended(
  child: ChildProcessWithoutNullStreams,
  args: readonly string[],
  expected: readonly number[],
): Promise<number> {
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-MAX_COMPLAINT_CHARACTERS);
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  const isTrouble = status === FATAL_STATUS && MACHINE_TROUBLE.test(complaint);
  if (status !== null && expected.includes(status) && !isTrouble) return status;
  const reason = complaint.trim().split('\n').at(-1);
  const message = `git ${args[0]} ended with ${child.signalCode ?? `status ${status}`}: ${reason}`;
  throw status === FATAL_STATUS && !isTrouble
    ? new UnreadableHistory(message, complaint.match(OBJECT_NAME) ?? [])
    : new Error(message);
}

function ignore(): void {}

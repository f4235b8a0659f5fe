// Runs git plumbing without a shell and streams what it prints. The only file of the hook that starts processes.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';

// What is kept of git's error output for our message: its last lines.
const MAX_COMPLAINT_CHARACTERS = 2_000;

/** Environment variables, as node has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a finished git said. */
export interface GitAnswer {
  readonly status: number;
  readonly stdout: Buffer;
}

/** Git in one repository: the one that the environment (`GIT_DIR`) or the working directory names. */
export class Git {
  readonly #env: NodeJS.ProcessEnv;

  constructor(environment: Environment) {
    // Why: an event's hash and its content belong together, so a replaced object is announced as it was pushed.
    this.#env = { ...environment, GIT_NO_REPLACE_OBJECTS: '1', LC_ALL: 'C' };
  }

  /**
   * Runs git to its end and gives all it printed: for short answers.
   * @throws Error if it ends with a status that is not in `expected`
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
   * @throws Error if it ends with a status other than 0
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
  if (status !== null && expected.includes(status)) return status;
  const reason = complaint.trim().split('\n').at(-1);
  throw new Error(`git ${args[0]} ended with ${child.signalCode ?? `status ${status}`}: ${reason}`);
}

function ignore(): void {}

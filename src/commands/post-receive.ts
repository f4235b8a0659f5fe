// `gitpubsub post-receive`: what hooks/post-receive runs. Reads the pushed refs from git or its arguments; never fails a push.
import { announcePush } from '../hook/announce.ts';

const USAGE =
  'usage: gitpubsub post-receive [<old> <new> <ref>]   (without arguments such lines are read from stdin)';

/** Announces a push. Returns the exit status: 0 whatever becomes of the push, 64 for wrong arguments. */
export async function runPostReceive(args: readonly string[]): Promise<number> {
  if (args.length !== 0 && args.length !== 3) {
    say(USAGE);
    return 64;
  }
  try {
    const lines = args.length === 3 ? Buffer.from(args.join(' ')) : await readInput();
    const problem = await announcePush(lines, process.env);
    if (problem !== undefined) say(`gitpubsub: ${problem}`);
  } catch (error) {
    say(`gitpubsub: the push was not announced: ${error instanceof Error ? error.message : String(error)}`);
  }
  return 0;
}

async function readInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

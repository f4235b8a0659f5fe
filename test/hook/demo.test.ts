// `gitpubsub demo` as a newcomer runs it: real git, the built command line, nothing prepared.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cliPath = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'gitpubsub-test-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('gitpubsub demo', () => {
  let demo: DemoResult;
  beforeAll(async () => {
    demo = await runDemo(process.env['PATH']);
  });

  it('ends by itself, with status 0 and no complaint', () => {
    expect(demo).toMatchObject({ status: 0, stderr: '' });
  });

  it('shows each commit that it makes as an event twice: when it is pushed, and after the restart', () => {
    const made = Array.from(
      demo.stdout.matchAll(/^ {3}\[\S+.* ([0-9a-f]{7,})\] /gm),
      ([, hash = '']) => hash,
    );
    expect(made).toHaveLength(4);
    const events = demo.stdout.split('\n').filter((line) => line.startsWith('   | '));
    const counts = made.map((hash) => events.filter((line) => isAboutCommit(line, hash)).length);
    expect(counts).toEqual([2, 2, 2, 2]);
  });

  it('fits into a terminal of 80 columns', () => {
    expect(demo.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('leaves nothing behind', () => {
    expect(readdirSync(directory)).toEqual([]);
  });
});

it('says in a sentence that git is missing', async () => {
  const demo = await runDemo(directory);
  expect(demo).toEqual({
    status: 1,
    stdout: '',
    stderr: 'gitpubsub: The demo needs git, and there is none on the PATH.\n',
  });
});

interface DemoResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runDemo(path: string | undefined): Promise<DemoResult> {
  return new Promise((resolve) => {
    const options = { env: { PATH: path, TMPDIR: directory } };
    const child = execFile(process.execPath, [cliPath, 'demo'], options, (_error, stdout, stderr) => {
      resolve({ status: child.exitCode, stdout, stderr });
    });
  });
}

// An event is shown in short, but for the very first one, which is shown as its JSON.
function isAboutCommit(line: string, hash: string): boolean {
  return line.includes(`| commit  ${hash} `) || line.includes(`"shortHash":"${hash}"`);
}

// A throwaway pair of repositories, one that pushes and one that is pushed to, with nothing of the machine's git settings.
import { execFile, execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The hook as it is shipped. */
export const HOOK_PATH: string = fileURLToPath(new URL('../../hooks/post-receive', import.meta.url));

// Why in memory, where there is such a place: the hook and its delivery sync each step, and no test takes the power away.
const BASE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** The environment of every git in tests. */
export const GIT_ENVIRONMENT: Readonly<Record<string, string | undefined>> = {
  PATH: process.env['PATH'],
  HOME: tmpdir(),
  LC_ALL: 'C.UTF-8',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'Ada Author',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_AUTHOR_DATE: '1700000000 +0530',
  GIT_COMMITTER_NAME: 'Carl Committer',
  GIT_COMMITTER_EMAIL: 'carl@example.org',
  GIT_COMMITTER_DATE: '1700003600 -0330',
  USER: 'petra',
};

// Leaves out what costs time and tests nothing here.
const FAST_CONFIG =
  '[core]\n\tfsync = none\n[receive]\n\tautogc = false\n\tadvertisePushOptions = true\n[gc]\n\tauto = 0\n';

/** How the sandbox differs from the usual. */
export interface SandboxOptions {
  readonly name?: string;
  readonly objectFormat?: 'sha1' | 'sha256';
}

/** What a push ended with. */
export interface PushResult {
  readonly status: number;
  readonly stderr: string;
}

/** The pushed-to repository is bare and has the hook; the command behind it does nothing until a test says otherwise. */
export class GitSandbox {
  readonly root: string = mkdtempSync(join(BASE, 'gitpubsub-hook-'));
  readonly bare: string;
  readonly work: string = join(this.root, 'work');

  constructor({ name = 'widget.git', objectFormat = 'sha1' }: SandboxOptions = {}) {
    this.bare = join(this.root, name);
    const init = ['init', '-q', '-b', 'main', '--template=', `--object-format=${objectFormat}`];
    this.#run(this.root, [...init, '--bare', this.bare], '');
    this.#run(this.root, [...init, this.work], '');
    appendFileSync(join(this.bare, 'config'), `${FAST_CONFIG}[gitpubsub]\n\tcommand = true\n`);
    appendFileSync(
      join(this.work, '.git', 'config'),
      `${FAST_CONFIG}[remote "origin"]\n\turl = ${this.bare}\n`,
    );
    mkdirSync(join(this.bare, 'hooks'));
    copyFileSync(HOOK_PATH, this.hook);
  }

  /** The installed hook. */
  get hook(): string {
    return join(this.bare, 'hooks', 'post-receive');
  }

  /** Says what the hook runs in the background. */
  setCommand(command: string): void {
    this.bareGit('config', 'gitpubsub.command', command);
  }

  /** Names of what is in a directory of the hook's, such as `spool`; none if there is no such directory. */
  list(directory: string): string[] {
    const path = join(this.bare, 'gitpubsub', directory);
    return existsSync(path) ? readdirSync(path).toSorted() : [];
  }

  /** Makes the push that was noted last look as if it had come so many seconds earlier. */
  backdateLastPush(seconds: number): void {
    const last = this.list('spool').at(-1) ?? '';
    const time = last.split('.', 1)[0] ?? '';
    const spool = join(this.bare, 'gitpubsub', 'spool');
    renameSync(join(spool, last), join(spool, last.replace(time, String(Number(time) - seconds))));
  }

  /** Runs git in the pushing repository and gives what it prints, without the last line end. */
  git(...args: string[]): string {
    return this.#run(this.work, args, '').toString().replace(/\n$/, '');
  }

  /** Runs git in the pushed-to repository and gives the bytes it prints. */
  bareGit(...args: string[]): Buffer {
    return this.#run(this.bare, args, '');
  }

  /** Writes an object of exactly this content, sound or not, and gives its hash. */
  writeObject(type: 'commit' | 'tag' | 'blob', content: string | Buffer): string {
    const args = ['hash-object', '-t', type, '-w', '--stdin', '--literally'];
    return this.#run(this.work, args, content).toString().trim();
  }

  /** Commits with these files changed (none: an empty commit) and gives the hash. */
  commit(message: string, files: Readonly<Record<string, string>> = {}): string {
    for (const [path, content] of Object.entries(files)) writeFileSync(join(this.work, path), content);
    if (Object.keys(files).length > 0) this.git('add', '--all');
    this.git('commit', '-q', '--allow-empty', '--allow-empty-message', '-m', message);
    return this.git('rev-parse', 'HEAD');
  }

  /** Feeds `git fast-import`. */
  fastImport(stream: string | Buffer): void {
    this.#run(this.work, ['fast-import', '--quiet', '--force'], stream);
  }

  /** Pushes; resolves whatever becomes of it. */
  push(environment: Readonly<Record<string, string | undefined>>, ...args: string[]): Promise<PushResult> {
    return new Promise((resolve) => {
      const options = { cwd: this.work, env: { ...GIT_ENVIRONMENT, ...environment } };
      const child = execFile('git', ['push', '-q', ...args], options, (_error, _stdout, stderr) => {
        resolve({ status: child.exitCode ?? -1, stderr });
      });
    });
  }

  remove(triesLeft: number = 5): void {
    try {
      rmSync(this.root, { recursive: true, force: true });
    } catch (error) {
      if (triesLeft === 0) throw error;
      this.remove(triesLeft - 1); // Why: what a hook has started may have opened its log a moment ago.
    }
  }

  #run(cwd: string, args: readonly string[], input: string | Buffer): Buffer {
    const options = { cwd, env: GIT_ENVIRONMENT, input, maxBuffer: 1 << 30, stdio: 'pipe' as const };
    return execFileSync('git', args, options);
  }
}

/** What a program ended with. */
export interface ProgramResult extends PushResult {
  readonly stdout: string;
}

/** Runs a program to its end, with this on its standard input. */
export function runProgram(
  command: readonly [string, ...string[]],
  cwd: string,
  environment: Readonly<Record<string, string | undefined>>,
  input: string,
): Promise<ProgramResult> {
  const [program, ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: environment, stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject).on('close', (status) => resolve({ status: status ?? -1, stdout, stderr }));
    child.stdin.on('error', ignore); // Why: it may end without reading.
    child.stdin.end(input);
  });
}

function ignore(): void {}

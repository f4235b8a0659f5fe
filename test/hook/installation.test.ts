// `gitpubsub hook install` and `hook status` on real repositories, run as people run them.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GIT_ENVIRONMENT, HOOK_PATH } from '../support/git-sandbox.ts';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const REFS = `${'0'.repeat(40)} ${'1'.repeat(40)} refs/heads/main\n`;

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(realpathSync(tmpdir()), 'gitpubsub-install-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('hook install', () => {
  test('links the hook into every bare repository below a directory', () => {
    const repositories = [makeRepository('one.git'), makeRepository('team/two.git')];
    const { status, stdout } = run('hook', 'install', root);
    expect(status).toBe(0);
    expect(stdout).toBe(repositories.map((repository) => `${repository}: installed\n`).join(''));
    for (const repository of repositories)
      expect(realpathSync(hookOf(repository))).toBe(realpathSync(HOOK_PATH));
  });

  test('changes nothing when it is done again', () => {
    const repository = makeRepository('one.git');
    run('hook', 'install', repository);
    const { stdout } = run('hook', 'install', repository);
    expect(stdout).toBe(`${repository}: was installed already\n`);
    expect(lstatSync(hookOf(repository)).isSymbolicLink()).toBe(true);
  });

  test('replaces a copy of the hook by the link', () => {
    const repository = makeRepository('one.git');
    writeHook(hookOf(repository), `${readFileSync(HOOK_PATH, 'utf8')}# an older one\n`);
    expect(run('hook', 'install', repository).status).toBe(0);
    expect(realpathSync(hookOf(repository))).toBe(realpathSync(HOOK_PATH));
    expect(readFileSync(`${hookOf(repository)}.before-gitpubsub`, 'utf8')).toContain('# an older one');
  });

  test('keeps another hook, which still gets the refs and decides the status', () => {
    const repository = makeRepository('one.git');
    writeHook(hookOf(repository), `#!/bin/sh\ncat >"${root}/seen"\nexit 7\n`);
    const { stdout } = run('hook', 'install', repository);
    expect(stdout).toBe(`${repository}: installed before ${hookOf(repository)}.before-gitpubsub\n`);
    expect(runHook(repository)).toBe(7);
    expect(readFileSync(join(root, 'seen'), 'utf8')).toBe(REFS);
    expect(spooledPushes(repository)).toHaveLength(1);
  });

  test('does not chain a chain', () => {
    const repository = makeRepository('one.git');
    writeHook(hookOf(repository), '#!/bin/sh\nexec cat >/dev/null\n');
    run('hook', 'install', repository);
    expect(run('hook', 'install', repository).stdout).toBe(`${repository}: was installed already\n`);
    expect(runHook(repository)).toBe(0);
    expect(spooledPushes(repository)).toHaveLength(1);
  });

  test('does not start a hook that git would not start', () => {
    const repository = makeRepository('one.git');
    writeHook(hookOf(repository), `#!/bin/sh\n: >"${root}/seen"\n`);
    chmodSync(hookOf(repository), 0o644);
    run('hook', 'install', repository);
    expect(runHook(repository)).toBe(0);
    expect(existsSync(join(root, 'seen'))).toBe(false);
  });

  test('never overwrites a hook that was kept before', () => {
    const repository = makeRepository('one.git');
    writeHook(`${hookOf(repository)}.before-gitpubsub`, '#!/bin/sh\n');
    writeHook(hookOf(repository), '#!/bin/sh\nexit 3\n');
    const { status, stderr } = run('hook', 'install', repository);
    expect(status).toBe(1);
    expect(stderr).toContain('move one of them away first');
    expect(readFileSync(hookOf(repository), 'utf8')).toBe('#!/bin/sh\nexit 3\n');
  });

  test('uses post-receive.d where post-receive runs it, as in Gitea and Forgejo', () => {
    const repository = makeRepository('one.git');
    const script = '#!/bin/sh\nfor hook in hooks/post-receive.d/*; do "$hook"; done\n';
    writeHook(hookOf(repository), script);
    mkdirSync(join(repository, 'hooks/post-receive.d'));
    expect(run('hook', 'install', repository).status).toBe(0);
    const place = join(repository, 'hooks/post-receive.d/gitpubsub');
    expect(realpathSync(place)).toBe(realpathSync(HOOK_PATH));
    expect(readFileSync(hookOf(repository), 'utf8')).toBe(script);
  });

  test('leaves one hook that notes a push where a copy was in post-receive.d', () => {
    const repository = makeRepository('one.git');
    const each = 'test -x "$hook" && printf "%s\\n" "$refs" | "$hook"';
    writeHook(
      hookOf(repository),
      `#!/bin/sh\nrefs=$(cat)\nfor hook in hooks/post-receive.d/*; do ${each}; done\n`,
    );
    writeHook(
      join(repository, 'hooks/post-receive.d/gitpubsub'),
      `${readFileSync(HOOK_PATH, 'utf8')}# edited\n`,
    );
    expect(run('hook', 'install', repository).status).toBe(0);
    runHook(repository);
    expect(spooledPushes(repository)).toHaveLength(1);
  });

  test('does not use a post-receive.d that nothing runs', () => {
    const repository = makeRepository('one.git');
    mkdirSync(join(repository, 'hooks/post-receive.d'), { recursive: true });
    expect(run('hook', 'install', repository).status).toBe(0);
    expect(realpathSync(hookOf(repository))).toBe(realpathSync(HOOK_PATH));
  });

  test('uses custom_hooks of GitLab', () => {
    const repository = makeRepository('one.git');
    mkdirSync(join(repository, 'custom_hooks'));
    expect(run('hook', 'install', repository).status).toBe(0);
    const place = join(repository, 'custom_hooks/post-receive.d/gitpubsub');
    expect(realpathSync(place)).toBe(realpathSync(HOOK_PATH));
    expect(existsSync(hookOf(repository))).toBe(false);
  });

  test('goes on where an installation was interrupted', () => {
    const repository = makeRepository('one.git');
    writeHook(hookOf(repository), '#!/bin/sh\nexit 5\n');
    linkSync(hookOf(repository), `${hookOf(repository)}.before-gitpubsub`);
    expect(run('hook', 'install', repository).status).toBe(0);
    expect(runHook(repository)).toBe(5);
  });

  test('follows core.hooksPath, and says that it may serve others', () => {
    const repository = makeRepository('one.git');
    execFileSync('git', ['-C', repository, 'config', 'core.hooksPath', join(root, 'shared')], {
      env: environment(),
    });
    const { stdout } = run('hook', 'install', repository);
    expect(stdout).toContain(`${join(root, 'shared', 'post-receive')}, which may serve other repositories`);
    expect(realpathSync(join(root, 'shared', 'post-receive'))).toBe(realpathSync(HOOK_PATH));
  });

  test('says so where there is no repository', () => {
    mkdirSync(join(root, 'empty'));
    const { status, stderr } = run('hook', 'install', join(root, 'empty'), join(root, 'missing'));
    expect(status).toBe(1);
    expect(stderr).toContain('there is no git repository here or below');
    expect(stderr).toContain('there is no such directory');
  });
});

describe('hook status', () => {
  test('says where a repository publishes, what waits and what was delivered', () => {
    const repository = makeRepository('one.git');
    run('hook', 'install', repository);
    execFileSync('git', ['-C', repository, 'config', 'gitpubsub.url', 'http://broker.example'], {
      env: environment(),
    });
    runHook(repository);
    const { status, stdout } = run('hook', 'status', repository);
    expect(status).toBe(0);
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      repository,
      `  hook       installed (${hookOf(repository)})`,
      '  publishes  http://broker.example/json/one/{branch}',
    ]);
    expect(stdout).toMatch(/^ {2}waiting {4}1 push, the first since \d{4}-/m);
    expect(stdout).toMatch(/^ {2}delivered {2}nothing yet$/m);
  });

  test('tells a repository without the hook', () => {
    const repository = makeRepository('one.git');
    expect(run('hook', 'status', repository).stdout).toContain('  hook       not installed (');
  });
});

function makeRepository(name: string): string {
  const path = join(root, name);
  execFileSync('git', ['init', '-q', '--bare', '--template=', path], { env: environment() });
  return path;
}

function hookOf(repository: string): string {
  return join(repository, 'hooks', 'post-receive');
}

function writeHook(path: string, text: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text, { mode: 0o755 });
}

// As git does it. No command is behind it, so that the push stays in the spool.
function runHook(repository: string): number | null {
  const env = { ...environment(), GIT_DIR: '.', GITPUBSUB_COMMAND: ':' };
  return spawnSync(hookOf(repository), { cwd: repository, env, input: REFS }).status;
}

function spooledPushes(repository: string): string[] {
  return readdirSync(join(repository, 'gitpubsub', 'spool')).filter((name) => name.endsWith('.push'));
}

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [CLI, ...args], { env: environment(), encoding: 'utf8' });
}

function environment(): NodeJS.ProcessEnv {
  return { ...GIT_ENVIRONMENT };
}

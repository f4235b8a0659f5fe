// `gitpubsub hook install` and `hook status` on real repositories, run as people run them.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { takeLock } from '../../src/hook/delivery-lock.ts';
import { pollUntil } from '../support/deadline.ts';
import { setUpGit, type GitFixture } from '../support/git-fixture.ts';
import { GIT_ENVIRONMENT, HOOK_PATH, runProgram } from '../support/git-sandbox.ts';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const REFS = `${'0'.repeat(40)} ${'1'.repeat(40)} refs/heads/main\n`;

const IS_NOT_ROOT = process.geteuid?.() !== 0;

// Some account that is not root: nobody's, on most machines.
const OTHER_ACCOUNT = 65_534;

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

  test('replaces a link to the hook of another version, and leaves that hook to others that use it', () => {
    const repository = makeRepository('one.git');
    const older = join(root, 'older', 'post-receive');
    writeHook(older, `${readFileSync(HOOK_PATH, 'utf8')}# an older one\n`);
    mkdirSync(join(repository, 'hooks'));
    symlinkSync(older, hookOf(repository));
    expect(run('hook', 'status', repository).stdout).toContain('a link to that of another GitPubSub (');
    expect(run('hook', 'install', repository).stdout).toBe(`${repository}: installed\n`);
    expect(realpathSync(hookOf(repository))).toBe(realpathSync(HOOK_PATH));
    expect(readdirSync(join(repository, 'hooks'))).toEqual(['post-receive']);
    accessSync(older, constants.X_OK);
  });

  test('replaces a link that leads nowhere, and says where it led', async () => {
    const repository = makeRepository('one.git');
    mkdirSync(join(repository, 'hooks'));
    symlinkSync('/nowhere/hooks/post-receive', hookOf(repository));
    const before = run('hook', 'status', repository);
    expect(before.stdout).toContain('  hook       not installed; a link that leads nowhere is there (');
    expect(before.status).toBe(1);
    expect(run('hook', 'install', repository).stdout).toBe(
      `${repository}: installed in the place of a link to /nowhere/hooks/post-receive, which led nowhere\n`,
    );
    expect(await runHook(repository)).toBe(0);
    expect(readdirSync(join(repository, 'hooks'))).toEqual(['post-receive']);
    expect(spooledPushes(repository)).toHaveLength(1);
  });

  test('keeps another hook, which still gets the refs and decides the status', async () => {
    const repository = makeRepository('one.git');
    writeHook(hookOf(repository), `#!/bin/sh\ncat >"${root}/seen"\nexit 7\n`);
    const { stdout } = run('hook', 'install', repository);
    expect(stdout).toBe(`${repository}: installed before ${hookOf(repository)}.before-gitpubsub\n`);
    expect(await runHook(repository)).toBe(7);
    expect(readFileSync(join(root, 'seen'), 'utf8')).toBe(REFS);
    expect(spooledPushes(repository)).toHaveLength(1);
  });

  test('does not chain a chain', async () => {
    const repository = makeRepository('one.git');
    writeHook(hookOf(repository), '#!/bin/sh\nexec cat >/dev/null\n');
    run('hook', 'install', repository);
    expect(run('hook', 'install', repository).stdout).toBe(`${repository}: was installed already\n`);
    expect(await runHook(repository)).toBe(0);
    expect(spooledPushes(repository)).toHaveLength(1);
  });

  test('does not start a hook that git would not start', async () => {
    const repository = makeRepository('one.git');
    writeHook(hookOf(repository), `#!/bin/sh\n: >"${root}/seen"\n`);
    chmodSync(hookOf(repository), 0o644);
    run('hook', 'install', repository);
    expect(await runHook(repository)).toBe(0);
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

  test.each([
    ['$(basename $0)', 'for hook in hooks/$(basename $0).d/*; do'],
    ['a variable', 'name=$(basename "$0"); for hook in ${GIT_DIR}/hooks/${name}.d/*; do'],
    ['$0', 'for hook in "$0".d/*; do'],
    ['a quoted variable', 'n=${0##*/}; for hook in "hooks/$n.d"/*; do'],
  ])('uses it, too, where post-receive makes its name of its own: by %s', async (_name, loop) => {
    const repository = makeRepository('one.git');
    const { script } = makeDispatcher(repository, loop);
    expect(run('hook', 'install', repository).status).toBe(0);
    expect(await runHook(repository)).toBe(0);
    expect(readFileSync(join(root, 'part ran'), 'utf8')).toBe(REFS);
    expect(spooledPushes(repository)).toHaveLength(1);
    expect(readFileSync(hookOf(repository), 'utf8')).toBe(script);
    expect(run('hook', 'install', repository).stdout).toBe(`${repository}: was installed already\n`);
  });

  test('mends what an older version made of such a post-receive', async () => {
    const repository = makeRepository('one.git');
    writeHook(hookOf(repository), '#!/bin/sh\nexec cat >/dev/null\n');
    run('hook', 'install', repository);
    const chain = readFileSync(hookOf(repository), 'utf8');
    const { script } = makeDispatcher(repository, 'for hook in hooks/$(basename $0).d/*; do');
    renameSync(hookOf(repository), `${hookOf(repository)}.before-gitpubsub`);
    writeHook(hookOf(repository), chain);
    expect(run('hook', 'status', repository).stdout).toContain('`gitpubsub hook install` mends it');
    await runHook(repository);
    expect(existsSync(join(root, 'part ran'))).toBe(false);
    expect(spooledPushes(repository)).toHaveLength(1);
    expect(run('hook', 'install', repository)).toMatchObject({ status: 0, stderr: '' });
    await runHook(repository);
    expect(existsSync(join(root, 'part ran'))).toBe(true);
    expect(spooledPushes(repository)).toHaveLength(2);
    expect(readFileSync(hookOf(repository), 'utf8')).toBe(script);
    expect(existsSync(`${hookOf(repository)}.before-gitpubsub`)).toBe(false);
  });

  test.each([
    ['#!/bin/sh\nexec "/etc/hooks/$(basename "$0")"\n', 1],
    ['#!/bin/sh\nexec /etc/hooks/${0##*/}\n', 1],
    ['#!/bin/sh\nexec "$0.local"\n', 1],
    ['#!/usr/bin/perl\nexec "/etc/hooks/" . basename($0);\n', 1],
    ['#!/bin/sh\nexec "$(dirname "$0")/local"\n', 0],
    ['#!/bin/sh\nwhile read -r old new ref; do basename "$ref"; done\n', 0],
  ])('keeps no hook under another name that goes by its own: %j', (script, expected) => {
    const repository = makeRepository('one.git');
    writeHook(hookOf(repository), script);
    const { status, stderr } = run('hook', 'install', repository);
    expect(status).toBe(expected);
    if (expected === 0) return;
    expect(stderr).toContain(`The hook ${hookOf(repository)} goes by its own name`);
    expect(readFileSync(hookOf(repository), 'utf8')).toBe(script);
  });

  test('leaves one hook that notes a push where a copy was in post-receive.d', async () => {
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
    await runHook(repository);
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

  test('goes on where an installation was interrupted', async () => {
    const repository = makeRepository('one.git');
    writeHook(hookOf(repository), '#!/bin/sh\nexit 5\n');
    linkSync(hookOf(repository), `${hookOf(repository)}.before-gitpubsub`);
    expect(run('hook', 'install', repository).status).toBe(0);
    expect(await runHook(repository)).toBe(5);
  });

  test.skipIf(IS_NOT_ROOT)('leaves a script of its own to the account of the repository', () => {
    const repository = makeRepository('one.git');
    writeHook(hookOf(repository), '#!/bin/sh\n');
    execFileSync('chown', ['-R', `${OTHER_ACCOUNT}:${OTHER_ACCOUNT}`, repository]);
    expect(run('hook', 'install', repository).status).toBe(0);
    expect(statSync(hookOf(repository))).toMatchObject({ uid: OTHER_ACCOUNT, mode: 0o100_755 });
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
    expect(run('hook', 'install', join(root, 'empty')).status).toBe(1);
    const { status, stderr } = run('hook', 'install', join(root, 'empty'), join(root, 'missing'));
    expect(status).toBe(64);
    expect(stderr).toContain('there is no git repository here or below');
    expect(stderr).toContain('there is no such directory');
  });
});

describe('the baseline that hook install notes', () => {
  test('holds what was there, however late a push since then is noted', async () => {
    const { sandbox, recorder, push, deliver } = await setUpBefore();
    sandbox.commit('old');
    await push('main');
    expect(run('hook', 'install', sandbox.bare)).toMatchObject({ status: 0, stderr: '' });
    const before = sandbox.git('rev-parse', 'main');
    const late = sandbox.commit('late');
    sandbox.bareGit('config', 'core.hooksPath', '/nowhere');
    await push('main');
    sandbox.bareGit('config', '--unset', 'core.hooksPath');
    await push(`${before}:refs/heads/other`);
    await deliver();
    const command = [sandbox.hook, before, late, 'refs/heads/main'] as const;
    await runProgram([...command], sandbox.bare, environment(), '');
    await deliver();
    expect(recorder.commits.map(({ subject }) => subject)).toEqual(['late']);
    expect(recorder.pushes.map(({ ref, commits }) => [ref, commits])).toEqual([
      ['refs/heads/other', 0],
      ['refs/heads/main', 1],
    ]);
  });

  test('is not taken anew, nor where the hook is there already', async () => {
    const { sandbox, push } = await setUpBefore();
    sandbox.commit('old');
    await push('main');
    const announced = join(sandbox.bare, 'gitpubsub', 'announced.json');
    copyFileSync(HOOK_PATH, sandbox.hook);
    run('hook', 'install', sandbox.bare);
    expect(existsSync(announced)).toBe(false);
    rmSync(sandbox.hook);
    run('hook', 'install', sandbox.bare);
    const noted = readFileSync(announced, 'utf8');
    rmSync(sandbox.hook);
    await push('main:more');
    run('hook', 'install', sandbox.bare);
    expect(readFileSync(announced, 'utf8')).toBe(noted);
  });

  test('leaves out what waits in the spool since there was a hook before', async () => {
    const { sandbox, recorder, push, deliver } = await setUpBefore();
    copyFileSync(HOOK_PATH, sandbox.hook);
    for (const subject of ['waits', 'waits, too']) {
      sandbox.commit(subject);
      await push('main');
    }
    const [first = ''] = sandbox.list('spool');
    const spool = join(sandbox.bare, 'gitpubsub', 'spool');
    renameSync(join(spool, first), join(spool, `9${first}`)); // as if the clock had been set back since
    rmSync(sandbox.hook);
    run('hook', 'install', sandbox.bare);
    await deliver();
    expect(recorder.commits.map(({ subject }) => subject)).toEqual(['waits', 'waits, too']);
  });

  test('leaves a repository alone where a delivery is at work', async () => {
    const { sandbox, push } = await setUpBefore();
    sandbox.commit('old');
    await push('main');
    mkdirSync(join(sandbox.bare, 'gitpubsub'));
    const lock = await takeLock(join(sandbox.bare, 'gitpubsub', 'lock'), 0);
    expect(run('hook', 'install', sandbox.bare)).toMatchObject({ status: 0, stderr: '' });
    expect(sandbox.list('.')).toEqual(['lock']);
    await lock?.release();
  });

  test.skipIf(IS_NOT_ROOT)('belongs to the account of the repository', async () => {
    const { sandbox, push } = await setUpBefore();
    sandbox.commit('old');
    await push('main');
    rmSync(join(sandbox.bare, 'hooks'), { recursive: true });
    execFileSync('chown', ['-R', `${OTHER_ACCOUNT}:${OTHER_ACCOUNT}`, sandbox.bare]);
    expect(run('hook', 'install', sandbox.bare)).toMatchObject({ status: 0, stderr: '' });
    for (const name of ['gitpubsub', 'gitpubsub/announced.json', 'gitpubsub/lock', 'hooks'])
      expect([name, statSync(join(sandbox.bare, name)).uid]).toEqual([name, OTHER_ACCOUNT]);
  });
});

describe('hook status', () => {
  test('says where a repository publishes, what waits and what was delivered', async () => {
    const repository = makeRepository('one.git');
    run('hook', 'install', repository);
    execFileSync('git', ['-C', repository, 'config', 'gitpubsub.url', 'http://broker.example'], {
      env: environment(),
    });
    await runHook(repository);
    const { status, stdout } = run('hook', 'status', repository);
    expect(status).toBe(75);
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      repository,
      `  hook       installed (${hookOf(repository)})`,
      '  publishes  http://broker.example/json/one/{branch}',
    ]);
    expect(stdout).toMatch(/^ {2}waiting {4}1 push, the first since \d{4}-/m);
    expect(stdout).toMatch(/^ {2}delivered {2}nothing yet$/m);
  });

  test('goes on where a file in the spool has no time in its name', () => {
    const repository = makeRepository('one.git');
    mkdirSync(join(repository, 'gitpubsub/spool'), { recursive: true });
    writeFileSync(join(repository, 'gitpubsub/spool/copy.push'), '');
    expect(run('hook', 'status', repository).stdout).toContain('  waiting    1 push, the first since 1970-');
  });

  test('tells a repository without the hook', () => {
    const repository = makeRepository('one.git');
    const { status, stdout } = run('hook', 'status', repository);
    expect(stdout).toContain('  hook       not installed (');
    expect(status).toBe(1);
  });

  test.each([
    ['http://broker.example', 0],
    ['broker.example', 78],
  ])('ends with 0 where all is well, with 78 where a setting is wrong: gitpubsub.url %s', (url, expected) => {
    const repository = makeRepository('one.git');
    run('hook', 'install', repository);
    execFileSync('git', ['-C', repository, 'config', 'gitpubsub.url', url], { env: environment() });
    expect(run('hook', 'status', repository).status).toBe(expected);
  });
});

// A repository that the hook has not come to yet.
async function setUpBefore(): Promise<GitFixture> {
  const fixture = await setUpGit();
  rmSync(fixture.sandbox.hook);
  return fixture;
}

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

// As Gitea has it: a hook that runs each program that the start of a loop finds, and one such program, which says so.
function makeDispatcher(repository: string, loop: string): { script: string } {
  const script = `#!/bin/sh\nrefs=$(cat)\n${loop} printf '%s\\n' "$refs" | "$hook"; done\n`;
  writeHook(hookOf(repository), script);
  writeHook(join(repository, 'hooks/post-receive.d/server'), `#!/bin/sh\ncat >'${root}/part ran'\n`);
  return { script };
}

// As git does it. The push stays in the spool: what the hook starts does nothing but say that it was there.
async function runHook(repository: string): Promise<number | null> {
  const mark = join(root, 'delivered');
  rmSync(mark, { force: true });
  const env = { ...environment(), GIT_DIR: '.', GITPUBSUB_COMMAND: `sh -c ': >"${mark}"'` };
  const { status } = spawnSync(hookOf(repository), { cwd: repository, env, input: REFS });
  await pollUntil(() => (existsSync(mark) ? true : undefined), 'the delivery was started');
  return status;
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

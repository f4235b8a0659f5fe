// The hook in the places where git servers want it: their layouts, their variables, real pushes. The scripts that stand for
// the servers do what those do around a hook, and nothing else.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { BackgroundDelivery, CLI_PATH } from '../support/background-delivery.ts';
import { setUpGit, type GitFixture } from '../support/git-fixture.ts';
import { GIT_ENVIRONMENT, HOOK_PATH, type GitSandbox } from '../support/git-sandbox.ts';

async function setUp(): Promise<GitFixture & { readonly background: BackgroundDelivery }> {
  const fixture = await setUpGit();
  const background = new BackgroundDelivery(fixture.sandbox);
  onTestFinished(() => background.dispose());
  rmSync(fixture.sandbox.hook);
  fixture.sandbox.commit('one');
  return { ...fixture, background };
}

function hook(command: 'install' | 'status', { bare }: GitSandbox): string {
  const args = [CLI_PATH, 'hook', command, bare];
  return execFileSync(process.execPath, args, { env: GIT_ENVIRONMENT, encoding: 'utf8' });
}

// Runs all files of a directory that are programs, each with the input of git.
function writeRunner(path: string, directory: string): void {
  const each = `test -x "$each" && test -f "$each" && printf '%s\\n' "$refs" | "$each"`;
  writeFileSync(path, `#!/bin/sh\nrefs=$(cat)\nfor each in ${directory}/*; do ${each}; done\nexit 0\n`, {
    mode: 0o755,
  });
}

async function expectOnePushBy(
  pusher: string,
  { sandbox, recorder, background }: Awaited<ReturnType<typeof setUp>>,
  environment: Readonly<Record<string, string | undefined>>,
  ...pushArgs: readonly string[]
): Promise<void> {
  expect(await sandbox.push(environment, ...pushArgs, 'origin', 'main')).toEqual({ status: 0, stderr: '' });
  await background.finish();
  expect(recorder.commits.map(({ subject }) => subject)).toEqual(['one']);
  expect(recorder.pushes.map((push) => push.pusher)).toEqual([pusher]);
}

test('gitolite: a link that it makes in each repository to the one in LOCAL_CODE', async () => {
  const fixture = await setUp();
  const { sandbox } = fixture;
  const common = join(sandbox.root, 'local', 'hooks', 'common');
  mkdirSync(common, { recursive: true });
  symlinkSync(HOOK_PATH, join(common, 'post-receive'));
  symlinkSync(join(common, 'post-receive'), sandbox.hook);
  expect(hook('install', sandbox)).toBe(`${sandbox.bare}: was installed already\n`);
  expect(hook('status', sandbox)).toContain('  hook       installed (');
  await expectOnePushBy('ada', fixture, { GL_USER: 'ada', GL_REPO: 'team/widget' });
});

test('Gitea and Forgejo: one of the programs in post-receive.d, with settings of its own home', async () => {
  const fixture = await setUp();
  const { sandbox, recorder } = fixture;
  mkdirSync(join(sandbox.bare, 'hooks', 'post-receive.d'));
  writeRunner(sandbox.hook, '"$GIT_DIR"/hooks/post-receive.d');
  writeFileSync(join(sandbox.bare, 'hooks', 'post-receive.d', 'gitea'), '#!/bin/sh\ncat >/dev/null\n', {
    mode: 0o755,
  });
  hook('install', sandbox);
  expect(existsSync(join(sandbox.bare, 'hooks', 'post-receive.d', 'gitpubsub'))).toBe(true);
  sandbox.bareGit('config', '--unset', 'gitpubsub.url');
  writeFileSync(join(sandbox.root, '.gitconfig'), `[gitpubsub]\n\turl = ${recorder.url}\n`);
  const home = { HOME: sandbox.root, GIT_CONFIG_GLOBAL: undefined, GIT_CONFIG_NOSYSTEM: '1' };
  await expectOnePushBy('ada', fixture, { ...home, GITEA_PUSHER_NAME: 'ada' });
});

test('GitLab: one of the programs in custom_hooks/post-receive.d, run from a hooks directory of its own', async () => {
  const fixture = await setUp();
  const { sandbox } = fixture;
  mkdirSync(join(sandbox.bare, 'custom_hooks'));
  const own = join(sandbox.root, 'gitaly-hooks');
  mkdirSync(own);
  writeRunner(join(own, 'post-receive'), 'custom_hooks/post-receive.d');
  hook('install', sandbox);
  const place = join(sandbox.bare, 'custom_hooks', 'post-receive.d', 'gitpubsub');
  expect(realpathSync(place)).toBe(realpathSync(HOOK_PATH));
  const receivePack = `--receive-pack=git -c core.hooksPath='${own}' receive-pack`;
  await expectOnePushBy('ada', fixture, { GL_USERNAME: 'ada' }, receivePack);
});

// What the npm package holds: all that its users need, nothing else.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface PackedFile {
  readonly path: string;
  /** As in stat(2), without the type. */
  readonly mode: number;
}

// Why no scripts: the tests run against the build that is there already.
const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
  cwd: root,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'ignore'],
});
const [{ files }] = JSON.parse(packed) as [{ files: readonly PackedFile[] }];
const paths = files.map(({ path }) => path);

test.each([
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
  'package.json',
  'dist/cli.js',
  'dist/app.js',
  'dist/app.d.ts',
  'dist/client/client.js',
  'dist/page/index.html',
  'dist/page/main.js',
  'hooks/post-receive',
  'systemd/gitpubsub.service',
])('the package holds %s', (path) => {
  expect(paths).toContain(path);
});

test('the package holds the build, the hook, the unit and its papers only', () => {
  const needed =
    /^(?:dist\/[\w/-]+(?:\.js|\.d\.ts)|dist\/page\/\w+\.(?:html|css|svg)|hooks\/post-receive|systemd\/[\w@-]+\.(?:service|timer)|[A-Z]+(?:\.md)?|package\.json)$/;
  expect(paths.filter((path) => !needed.test(path))).toStrictEqual([]);
});

test('every file of the build has its source', () => {
  const built = paths.filter((path) => path.startsWith('dist/'));
  const sources = built.map((path) => path.replace('dist/', 'src/').replace(/(?:\.d\.ts|\.js)$/, '.ts'));
  expect(sources.filter((path) => !existsSync(new URL(`../../${path}`, import.meta.url)))).toStrictEqual([]);
});

test('the hook can be run as it is unpacked', () => {
  const hook = files.find(({ path }) => path === 'hooks/post-receive');
  expect((hook?.mode ?? 0) & 0o111).toBe(0o111);
});

test('every entry that package.json names is in the package', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    bin: Record<string, string>;
    exports: Record<string, string | Record<string, string>>;
  };
  const entries = [...Object.values(manifest.bin), ...Object.values(manifest.exports)].flatMap((entry) =>
    typeof entry === 'string' ? [entry] : Object.values(entry),
  );
  expect(entries.map((path) => path.replace('./', '')).filter((path) => !paths.includes(path))).toStrictEqual(
    [],
  );
});

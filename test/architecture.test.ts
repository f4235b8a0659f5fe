// The house rules: the layer table of src/README.md, who owns which package, the form of a file. Each rule is shown to fail, too.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checkArchitecture } from './support/architecture.ts';
import { findMachinePaths } from './support/machine-paths.ts';
import { parseSource } from './support/source-file.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

test('src keeps the house rules', () => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [path.replaceAll('\\', '/'), readFileSync(join(root, 'src', path), 'utf8')] as const);
  expect(sources.length).toBeGreaterThan(50);
  expect(checkArchitecture(sources.map(([path, text]) => parseSource(path, text)))).toStrictEqual([]);
});

test.runIf(existsSync(join(root, '.git')))('no file of the project names a path of one machine', () => {
  const options = { cwd: root, encoding: 'utf8' } as const;
  const listed = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    options,
  );
  const paths = listed.split('\0').filter((path) => path !== '' && existsSync(join(root, path)));
  expect(paths).toContain('package.json');
  const found = paths.flatMap((path) =>
    findMachinePaths(readFileSync(join(root, path), 'utf8')).map((name) => `${path}: ${name}`),
  );
  expect(found).toStrictEqual([]);
});

/** Checks made-up sources; each opens with a comment unless it is given as it stands. */
function check(texts: Readonly<Record<string, string>>): string[] {
  return checkArchitecture(
    Object.entries(texts).map(([path, text]) => parseSource(path, `// Made up.\n${text}`)),
  );
}

describe('an import', () => {
  const others = {
    'core/a.ts': '',
    'eventlog/event-log.ts': '',
    'eventlog/sqlite/log.ts': '',
    'http/b.ts': '',
  };

  test.each([
    ['broker/x.ts', "import { a } from '../core/a.ts';"],
    ['broker/x.ts', "import type { Log } from '../eventlog/event-log.ts';"],
    ['eventlog/x.ts', "import { log } from './sqlite/log.ts';"],
    ['page/x.ts', "import type { a } from '../core/a.ts';"],
    ['app.ts', "import {\n  b,\n} from './http/b.ts';\nconst f = () => import('./core/a.ts');"],
    ['access/x.ts', "import ipaddr from 'ipaddr.js';\nimport { isIP } from 'node:net';"],
    ['eventlog/x.ts', "import type { Database } from 'better-sqlite3';"],
    ['broker/x.ts', "// import { b } from '../http/b.ts';\n/*\nimport '../http/b.ts';\n*/"],
    ['broker/x.ts', "const text = `\nimport { b } from '../http/b.ts';\n`;"],
  ])('in %s may read %j', (path, text) => {
    expect(check({ ...others, [path]: text })).toStrictEqual([]);
  });

  test.each([
    ['core/x.ts', "import { b } from '../http/b.ts';", 'imports http/b.ts; allowed is nothing'],
    ['hook/x.ts', "import { b } from '../http/b.ts';", 'imports http/b.ts; allowed is core, files, client'],
    ['page/x.ts', "import { a } from '../core/a.ts';", 'imports more than types from another layer'],
    ['page/x.ts', "import type { b } from '../http/b.ts';", 'imports http/b.ts; allowed is core'],
    ['page/x.ts', "import { isIP } from 'node:net';", 'imports node:net; its layer does no I/O'],
    [
      'hook/x.ts',
      "import type { b } from '../http/b.ts';",
      'imports http/b.ts; allowed is core, files, client',
    ],
    [
      'hook/x.ts',
      "import type {\n  B,\n} from '../http/b.ts';",
      'imports http/b.ts; allowed is core, files, client',
    ],
    ['hook/x.ts', "import '../http/b.ts';", 'imports http/b.ts; allowed is core, files, client'],
    [
      'hook/x.ts',
      "const b = () => import('../http/b.ts');",
      'imports http/b.ts; allowed is core, files, client',
    ],
    ['hook/x.ts', "type B = import('../http/b.ts').B;", 'imports http/b.ts; allowed is core, files, client'],
    [
      'broker/x.ts',
      "import { log } from '../eventlog/sqlite/log.ts';",
      'imports eventlog/sqlite/log.ts; allowed is core, eventlog/event-log.ts',
    ],
    ['hook/x.ts', "import { a } from '../core/a';", 'imports ../core/a without the extension .ts'],
    ['hook/x.ts', "import { a } from '../core/a.js';", 'imports ../core/a.js without the extension .ts'],
    ['hook/x.ts', "import { z } from '../core/z.ts';", 'imports core/z.ts, which is not there'],
    ['hook/x.ts', 'const load = (name: string) => import(name);', 'imports a computed name'],
    ['hook/x.ts', "import { spawn } from 'child_process';", 'imports child_process without node:'],
    ['core/x.ts', "import { isIP } from 'node:net';", 'imports node:net; its layer does no I/O'],
    ['broker/x.ts', "import { isIP } from 'node:net';", 'imports node:net; its layer does no I/O'],
    ['core/x.ts', "import ipaddr from 'ipaddr.js';", 'imports ipaddr.js; only access may'],
    ['access/x.ts', "import { z } from 'zod';", 'imports zod; only config may'],
    ['access/x.ts', "import { z } from 'zod/v4';", 'imports zod/v4; only config may'],
    [
      'broker/x.ts',
      "import type { Database } from 'better-sqlite3';",
      'imports better-sqlite3; only eventlog may',
    ],
    ['client/x.ts', "import { App } from 'uWebSockets.js';", 'imports uWebSockets.js; only http may'],
    ['commands/x.ts', "import { Command } from 'commander';", 'imports commander; only cli.ts may'],
    ['app.ts', "import { pino } from 'pino';", 'imports pino; only commands may'],
    ['hook/x.ts', "import { x } from '@made/up';", 'imports @made/up, a package without an owner'],
  ])('in %s may not read %j', (path, text, complaint) => {
    expect(check({ ...others, [path]: text })).toStrictEqual([`${path} ${complaint}`]);
  });

  test.each(['access', 'config', 'eventlog', 'broker', 'http', 'client', 'files', 'hook', 'webhooks'])(
    'of a command is refused in %s',
    (layer) => {
      const complaints = check({
        'commands/serve.ts': '',
        [`${layer}/x.ts`]: "import { runServe } from '../commands/serve.ts';",
      });
      expect(complaints).toHaveLength(1);
      expect(complaints[0]).toContain(`${layer}/x.ts imports commands/serve.ts`);
    },
  );

  test('may not close a circle, of types either', () => {
    const circle = {
      'core/a.ts': "import { b } from './b.ts';",
      'core/b.ts': "import type { C } from './c.ts';",
      'core/c.ts': "import { b } from './b.ts';\nimport { c } from './c.ts';",
    };
    expect(check(circle)).toStrictEqual([
      'core/b.ts -> core/c.ts -> core/b.ts is a circle',
      'core/c.ts -> core/c.ts is a circle',
    ]);
  });
});

describe('a file', () => {
  test('may declare what it likes', () => {
    const text = `
const LIMITS = { a: 1 };
const NAMES: ReadonlySet<string> = new Set(['a', 'b']);
export const HELP = \`
Anything may stand here.
\`;
export interface A {
  readonly a: number;
}
/** Comments
may begin in the first column. */
export async function read(
  a: A,
): Promise<void> {
  let count = 0;
  await use(a, LIMITS, NAMES, count);
}
`;
    expect(check({ 'core/x.ts': text })).toStrictEqual([]);
  });

  test('that is the entry of the client library may hand on what others define', () => {
    const text = "export { y } from './y.ts';\nexport type { Z } from './y.ts';";
    expect(check({ 'client/y.ts': '', 'client/client.ts': text })).toStrictEqual([]);
  });

  test('that is the entry point may run', () => {
    expect(check({ 'page/main.ts': 'start();' })).toStrictEqual([]);
    expect(check({ 'cli.ts': 'try {\n  await run();\n} catch {\n  stop();\n}' })).toStrictEqual([]);
  });

  test.each(['', "import { a } from './a.ts';\n// Late.\n"])('opens with a comment, unlike %j', (text) => {
    const sources = [parseSource('core/a.ts', '// Made up.\n'), parseSource('core/x.ts', text)];
    expect(checkArchitecture(sources)).toStrictEqual(['core/x.ts does not open with a comment']);
  });

  test('may open with a line that names its interpreter', () => {
    expect(checkArchitecture([parseSource('cli.ts', '#!/usr/bin/env node\n// Made up.\n')])).toStrictEqual(
      [],
    );
  });

  test.each([
    ['core/x.ts', 'export default function x(): void {}', 'has a default export'],
    ['core/x.ts', 'const x = 1;\nexport { x as default };', 'has a default export'],
    ['core/index.ts', '', 'is a barrel'],
    ['core/x.ts', "export * from './y.ts';", 'is a barrel'],
    ['core/x.ts', "export { y } from './y.ts';", 'is a barrel'],
    ['core/x.ts', "export type {\n  Y,\n} from './y.ts';", 'is a barrel'],
    ['core/x.ts', 'let count = 0;', 'keeps state in the module'],
    ['core/x.ts', 'export const seen = new Map<string, number>();', 'keeps state in the module'],
    ['core/x.ts', 'const seen: string[] = [];', 'keeps state in the module'],
    ['core/x.ts', 'start();', 'does something when it is imported'],
    ['core/x.ts', 'const x = await start();', 'does something when it is imported'],
    ['core/x.ts', 'if (x) {\n  start();\n}', 'does something when it is imported'],
    ['core/x.ts', "process.on('exit', stop);", 'does something when it is imported'],
    ['x.ts', '', 'is in no layer'],
    ['plugins/x.ts', '', 'is in no layer'],
  ])('%s with %j breaks a rule', (path, text, complaint) => {
    expect(check({ 'core/y.ts': '', [path]: text })).toStrictEqual([`${path} ${complaint}`]);
  });
});

describe('a path', () => {
  test.each(['work', 'home', 'farm', 'root', 'Users'])('of a machine below /%s is found', (folder) => {
    const path = ['', folder, 'anna', 'gitpubsub'].join('/');
    expect(findMachinePaths(`see ${path}, line 3`)).toStrictEqual([path]);
    expect(findMachinePaths(`'file://${path}'`)).toStrictEqual([path]);
  });

  test.each(['/var/lib/gitpubsub', 'https://example.org/homework/', '/usr/local/bin', 'src/http/root.ts'])(
    'like %s is of every machine',
    (path) => {
      expect(findMachinePaths(path)).toStrictEqual([]);
    },
  );
});

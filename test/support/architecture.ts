// The house rules of src/README.md as a function from sources to complaints. It knows no disk: the sources are handed in.
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { topLevelLines, type SourceFile } from './source-file.ts';

/** A folder of `src`, or a file beside the folders. */
interface Layer {
  /** Folders or files of other layers. */
  readonly mayImport: readonly string[];
  readonly mayUseNode: boolean;
}

const CALLED_BY_COMMANDS = [
  'core',
  'access',
  'config',
  'eventlog',
  'files',
  'broker',
  'http',
  'client',
  'hook',
  'webhooks',
];

/** The layer table. */
const LAYERS: Readonly<Record<string, Layer>> = {
  core: { mayImport: [], mayUseNode: false },
  access: { mayImport: ['core'], mayUseNode: true },
  config: { mayImport: ['core', 'access'], mayUseNode: true },
  eventlog: { mayImport: ['core'], mayUseNode: true },
  broker: { mayImport: ['core', 'eventlog/event-log.ts'], mayUseNode: false },
  http: { mayImport: ['core', 'access', 'broker', 'webhooks'], mayUseNode: true },
  client: { mayImport: ['core'], mayUseNode: true },
  files: { mayImport: [], mayUseNode: true },
  hook: { mayImport: ['core', 'files', 'client'], mayUseNode: true },
  webhooks: { mayImport: ['core'], mayUseNode: true },
  page: { mayImport: ['core'], mayUseNode: false },
  'version.ts': { mayImport: [], mayUseNode: true },
  'service-manager.ts': { mayImport: ['core'], mayUseNode: true },
  'metrics.ts': { mayImport: ['core', 'eventlog/event-log.ts', 'broker', 'http'], mayUseNode: true },
  'app.ts': { mayImport: [...CALLED_BY_COMMANDS, 'version.ts', 'metrics.ts'], mayUseNode: true },
  commands: {
    mayImport: [...CALLED_BY_COMMANDS, 'version.ts', 'service-manager.ts', 'app.ts'],
    mayUseNode: true,
  },
  'cli.ts': { mayImport: [...CALLED_BY_COMMANDS, 'version.ts', 'app.ts', 'commands'], mayUseNode: true },
};

/** The one folder or file that may name a package. */
const PACKAGE_OWNERS: Readonly<Record<string, string>> = {
  'ipaddr.js': 'access',
  zod: 'config',
  'better-sqlite3': 'eventlog',
  'uWebSockets.js': 'http',
  commander: 'cli.ts',
  pino: 'commands',
  'prom-client': 'metrics.ts',
};

/** The files that do something when they are loaded: the program, and the script of the page. */
const ENTRY_POINTS = ['cli.ts', 'page/main.ts'];

/** Goes to browsers as it is, where there are no files of other layers. */
const TYPES_ONLY_LAYER = 'page';
const VALUE_IMPORT_FROM_ABOVE = /^import (?!type\b)[^;'"]*['"]\.\.\//m;

/** The one file that hands on what others define: the entry of a package has to be one file. */
const PUBLIC_ENTRY = 'client/client.ts';

/** How a declaration of the top level may begin in the first column, go on there, or end. */
const DECLARATION =
  /^(?:import|export|const|function|async function|class|abstract class|interface|type|let|var|[})\]>])/;
const TOP_LEVEL_AWAIT = /^(?:export )?const .*= await\b/;
const EMPTY_CONTAINER = /^(?:export )?const .*= (?:\[\]|\{\}|new (?:Weak)?(?:Map|Set)(?:<.*>)?\(\));$/;

/** One sentence for every place where the sources break a rule; none when all is well. */
export function checkArchitecture(sources: readonly SourceFile[]): string[] {
  const paths = new Set(sources.map(({ path }) => path));
  return [
    ...sources.flatMap((source) =>
      [
        ...source.specifiers.map((specifier) => complainAboutImport(source.path, specifier, paths)),
        ...complainAboutForm(source),
      ].flatMap((complaint) => (complaint === undefined ? [] : `${source.path} ${complaint}`)),
    ),
    ...findCircles(sources).map((circle) => `${circle.join(' -> ')} is a circle`),
  ];
}

function complainAboutImport(
  path: string,
  specifier: string,
  paths: ReadonlySet<string>,
): string | undefined {
  if (specifier === '') return 'imports a computed name';
  if (specifier.startsWith('.')) return complainAboutFile(path, specifier, paths);
  if (specifier.startsWith('node:')) return complainAboutBuiltin(path, specifier);
  return complainAboutPackage(path, specifier);
}

function complainAboutFile(path: string, specifier: string, paths: ReadonlySet<string>): string | undefined {
  const target = resolve(path, specifier);
  if (!specifier.endsWith('.ts')) return `imports ${specifier} without the extension .ts`;
  if (!paths.has(target)) return `imports ${target}, which is not there`;
  const allowed = LAYERS[layerOf(path)]?.mayImport ?? [];
  const isAllowed = layerOf(target) === layerOf(path) || allowed.some((place) => isWithin(target, place));
  return isAllowed ? undefined : `imports ${target}; allowed is ${allowed.join(', ') || 'nothing'}`;
}

function complainAboutBuiltin(path: string, specifier: string): string | undefined {
  return LAYERS[layerOf(path)]?.mayUseNode === false
    ? `imports ${specifier}; its layer does no I/O`
    : undefined;
}

function complainAboutPackage(path: string, specifier: string): string | undefined {
  if (builtinModules.includes(specifier)) return `imports ${specifier} without node:`;
  const owner = PACKAGE_OWNERS[packageOf(specifier)];
  if (owner === undefined) return `imports ${specifier}, a package without an owner`;
  return isWithin(path, owner) ? undefined : `imports ${specifier}; only ${owner} may`;
}

function complainAboutForm(source: SourceFile): (string | undefined)[] {
  const { path, text, code } = source;
  const lines = topLevelLines(source);
  const isStart = ENTRY_POINTS.includes(path);
  return [
    LAYERS[layerOf(path)] === undefined ? 'is in no layer' : undefined,
    /^(?:#!.*\n)?(?:\/\/|\/\*)/.test(text) ? undefined : 'does not open with a comment',
    layerOf(path) === TYPES_ONLY_LAYER && VALUE_IMPORT_FROM_ABOVE.test(code)
      ? 'imports more than types from another layer'
      : undefined,
    /^export default\b|\bas default\b/m.test(code) ? 'has a default export' : undefined,
    path !== PUBLIC_ENTRY && isBarrel(path, code) ? 'is a barrel' : undefined,
    lines.find((line) => EMPTY_CONTAINER.test(line) || /^(?:export )?(?:let|var)\b/.test(line)) === undefined
      ? undefined
      : 'keeps state in the module',
    isStart || lines.every((line) => DECLARATION.test(line) && !TOP_LEVEL_AWAIT.test(line))
      ? undefined
      : 'does something when it is imported',
  ];
}

function isBarrel(path: string, code: string): boolean {
  return posix.basename(path) === 'index.ts' || /^export\s[^;'"=]*\bfrom\b/m.test(code);
}

// Depth first; each circle once, begun at the file that was met first.
function findCircles(sources: readonly SourceFile[]): string[][] {
  const targets = new Map(
    sources.map(({ path, specifiers }) => [
      path,
      specifiers
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => resolve(path, specifier)),
    ]),
  );
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[][] => {
    const start = trail.indexOf(path);
    if (start !== -1) return [[...trail.slice(start), path]];
    if (done.has(path)) return [];
    const circles = (targets.get(path) ?? []).flatMap((target) => visit(target, [...trail, path]));
    done.add(path);
    return circles;
  };
  return sources.flatMap(({ path }) => visit(path, []));
}

function resolve(path: string, specifier: string): string {
  return posix.join(posix.dirname(path), specifier);
}

function layerOf(path: string): string {
  return path.split('/', 1)[0] ?? path;
}

function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`);
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

// The brokers that are measured: ours, and the peers beside it. Each says why it can't be, where it can't.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningBroker, SEARCH_PATH, startProcess } from './broker-process.ts';
import { nchanConfiguration, NCHAN_MODULE } from './nchan.ts';

export type PeerName = 'gitpubsub' | 'node:http' | 'nchan' | 'baseline';

/** How our broker is started; the others take nothing of it. */
export interface StartOptions {
  /** A database that is there already. */
  readonly database?: string | undefined;
  /** Whether the broker gets a copy of it, since it will change it. */
  readonly isCopied?: boolean | undefined;
  readonly flags?: readonly string[] | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
}

export interface Peer {
  /** Why it can't run here; `undefined` when it can. */
  whyNot(): string | undefined;
  start(options: StartOptions): Promise<RunningBroker>;
}

/** The checkout, seen from where this file is built: bench/.build/bench/peers. */
export const repository: string = fileURLToPath(new URL('../../../..', import.meta.url));
export const cliPath: string = join(repository, 'dist', 'cli.js');
const nodeHttpPath = fileURLToPath(new URL('./node-http-broker.js', import.meta.url));

/** For the Node.js that runs our broker, such as `--cpu-prof`. */
const nodeFlags = (process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter(Boolean);

/** The command of `BENCH_BASELINE`, which listens on `$PORT`. */
const baselineCommand = process.env['BENCH_BASELINE'];

export const PEERS: Readonly<Record<PeerName, Peer>> = {
  gitpubsub: {
    whyNot: () => (existsSync(cliPath) ? undefined : 'dist/cli.js is missing: npm run build'),
    start: startOurs,
  },
  'node:http': {
    whyNot: () => undefined,
    start: () => startProcess(() => ({ command: process.execPath, args: [nodeHttpPath] })),
  },
  nchan: {
    whyNot: () =>
      existsSync(NCHAN_MODULE) && spawnSync('nginx', ['-v'], { env: { PATH: SEARCH_PATH } }).status === 0
        ? undefined
        : 'nginx with nchan is not installed',
    start: () =>
      startProcess((directory, port) => {
        const configuration = join(directory, 'nginx.conf');
        writeFileSync(configuration, nchanConfiguration(directory, port));
        return {
          command: 'nginx',
          args: ['-p', directory, '-c', configuration, '-e', join(directory, 'error.log')],
          headers: ['TE: chunked'],
        };
      }),
  },
  baseline: {
    whyNot: () => (baselineCommand === undefined ? 'BENCH_BASELINE names no command' : undefined),
    start: () => startProcess(() => ({ command: 'sh', args: ['-c', `exec ${baselineCommand}`] })),
  },
};

function startOurs({
  database,
  isCopied,
  flags = [],
  environment = {},
}: StartOptions): Promise<RunningBroker> {
  return startProcess((directory, port) => {
    const own = join(directory, 'bench.db');
    if (database !== undefined && isCopied === true) copyFileSync(database, own);
    const path = database === undefined || isCopied === true ? own : database;
    const where = ['--port', String(port), '--database', path, '--log-level', 'warn'];
    return {
      command: process.execPath,
      args: [...nodeFlags, cliPath, 'serve', ...where, ...flags],
      environment,
    };
  });
}

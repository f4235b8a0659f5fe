// Why a side can't be run here, in plain words.
import { connect } from 'node:net';
import type { Job } from './load/job.ts';
import { parseResponseHead } from './load/response-head.ts';
import { TOPIC } from './load/job.ts';
import { openFileLimit } from './machine.ts';
import { PEERS } from './peers/peers.ts';
import { slowDiskEnvironment } from './peers/slow-disk.ts';
import type { Side } from './trial.ts';

/** Files that a process has open beside its connections. */
const OTHER_FILES = 100;

/** The reason; `undefined` when it can be run. */
export async function reasonToSkip(side: Side, directory: string): Promise<string | undefined> {
  return (
    PEERS[side.peer].whyNot() ??
    tooFewFiles(side.job) ??
    noCompiler(side, directory) ??
    (await unknownFormat(side))
  );
}

function tooFewFiles(job: Job | undefined): string | undefined {
  const needed = (job ? connectionCount(job) : 0) + OTHER_FILES;
  const limit = openFileLimit();
  return needed <= limit
    ? undefined
    : `needs ${needed} open files, the hard limit is ${limit}: ulimit -Hn ${needed}`;
}

function connectionCount(job: Job): number {
  switch (job.scenario) {
    case 'steady':
      return job.subscribers + job.publishers + (job.others ?? 0);
    case 'idle':
      return Math.ceil(1.1 * job.subscribers);
    case 'replay':
      return job.subscribers;
    case 'reconnect':
      return job.subscribers + job.liveSubscribers + 1;
    case 'responsive':
      return job.publishers + 100;
    default:
      return job satisfies never;
  }
}

function noCompiler({ fsyncMs }: Side, directory: string): string | undefined {
  if (fsyncMs === undefined || slowDiskEnvironment(directory, fsyncMs)) return undefined;
  return 'a slow disk needs a C compiler (cc) and Linux';
}

async function unknownFormat({ peer, job }: Side): Promise<string | undefined> {
  if (!job || !('format' in job) || job.format === undefined) return undefined;
  const broker = await PEERS[peer].start({});
  try {
    const status = await statusOf(broker.target.port, `${TOPIC}?format=${job.format}`);
    return status === 200
      ? undefined
      : `the broker does not know the format ${job.format} yet (status ${status})`;
  } finally {
    await broker.stop();
  }
}

function statusOf(port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`));
    socket.once('error', reject);
    socket.once('data', (bytes) => {
      resolve(parseResponseHead(bytes.toString('latin1'))?.status ?? 0);
      socket.destroy();
    });
  });
}

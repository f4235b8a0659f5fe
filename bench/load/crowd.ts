// A process of its own: a crowd of subscribers that misbehave, beside those who are measured. It says when all are there, and
// ends when its parent does not need it any more.
import { type CrowdSizes, Crowd } from '../../test/support/crowd.ts';

/** Reads some 60 KB a second: far less than is there, and little work for the machine, which has to measure others. */
const PACE = { stepBytes: 30_000, restMs: 500 };

const [port, path, sizes] = JSON.parse(process.argv[2] ?? '[]') as [number, string, CrowdSizes];
process.once('disconnect', () => process.exit());
const crowd = await Crowd.gather({ host: '127.0.0.1', port }, path, sizes);
process.send?.('ready');
await crowd.readSlowly(PACE, () => false);

// The table of trials: what is measured, on which sides, and which figures count. Nothing here runs anything.
import { type Job, type ReplayJob, type SteadyJob, TOPIC } from './load/job.ts';
import { NCHAN_REPLAY_PATH } from './peers/nchan.ts';
import type { PeerName } from './peers/peers.ts';
import { CHOSEN_PROJECT, type LogRecipe } from './prepared-log.ts';

/** One of the things a trial compares: a broker, how it is started, and what is done to it. */
export interface Side {
  readonly name: string;
  readonly peer: PeerName;
  /** `undefined` where only the start is measured. */
  readonly job?: Job;
  readonly log?: LogRecipe;
  /** The trial changes the log. */
  readonly isLogCopied?: boolean;
  readonly flags?: readonly string[];
  /** Every fsync takes so long. */
  readonly fsyncMs?: number;
}

/** A figure that counts. */
export interface Figure {
  readonly key: string;
  readonly unit: string;
}

export interface Trial {
  readonly name: string;
  readonly what: string;
  /** The first is ours; its figures are told as ratios to each other side's. */
  readonly sides: readonly Side[];
  readonly figures: readonly Figure[];
}

/** Sizes that the figures of a release are taken with, and smaller ones for every day. */
export interface Sizes {
  readonly logEvents: number;
  readonly prunedEvents: number;
  readonly returning: number;
}

export const EVERYDAY_SIZES: Sizes = { logEvents: 500_000, prunedEvents: 250_000, returning: 1_000 };
export const FULL_SIZES: Sizes = { logEvents: 5_000_000, prunedEvents: 1_000_000, returning: 5_000 };

const DELIVERIES: Figure = { key: 'deliveriesPerSecond', unit: 'deliveries/s' };
const ACKS: Figure = { key: 'acksPerSecond', unit: 'events/s' };
const EVENTS: Figure = { key: 'eventsPerSecond', unit: 'events/s' };
const DELIVERY_P50: Figure = { key: 'deliveryP50Ms', unit: 'ms p50' };
const DELIVERY_P99: Figure = { key: 'deliveryP99Ms', unit: 'ms p99' };
const ACK_P99: Figure = { key: 'ackP99Ms', unit: 'ms p99' };
const REPLAY_MS: Figure = { key: 'replayMs', unit: 'ms' };

const PEER_NAMES: readonly PeerName[] = ['gitpubsub', 'node:http', 'nchan', 'baseline'];
const REPLAYED = 20_000;
const CHOSEN_EVENTS = 1_000;
const PROJECTS = 2_000;

/** Nothing goes by size; what a log is built with stays. */
const KEEP_ALL: readonly string[] = ['--retention-bytes', 'none'];

export function trialsOf(sizes: Sizes): readonly Trial[] {
  return [
    ...fanOutTrials(),
    ...publishTrials(),
    ...topicTrials(),
    ...logTrials(sizes),
    ...stressTrials(sizes),
  ];
}

function fanOutTrials(): Trial[] {
  const fanOut = (subscribers: number, publishers: number, format?: string): Trial => ({
    name: `fan-out-${subscribers}-p${publishers}${format === undefined ? '' : `-${format}`}`,
    what: `${subscribers.toLocaleString('en')} subscribers, ${publishers} in flight${format === undefined ? '' : `, ${format}`}`,
    sides: atPeers(steady({ subscribers, publishers }), format),
    figures: [DELIVERIES],
  });
  return [
    fanOut(1_000, 16),
    fanOut(1_000, 16, 'ndjson'),
    ...[1, 16, 64].map((publishers) => fanOut(100, publishers)),
    {
      name: 'open-loop',
      what: '100 subscribers, 200 events/s: time to delivery',
      sides: atPeers(steady({ subscribers: 100, publishers: 16, rate: 200, seconds: 3 })),
      figures: [DELIVERY_P50, DELIVERY_P99],
    },
  ];
}

function publishTrials(): Trial[] {
  return [1, 16, 64].map((publishers) => ({
    name: `publish-p${publishers}`,
    what: `no subscribers, ${publishers} in flight`,
    sides: atPeers(steady({ subscribers: 0, publishers })),
    figures: [ACKS],
  }));
}

function topicTrials(): Trial[] {
  const wide = { subscribers: 1_000, publishers: 16 };
  return [
    {
      name: 'others',
      what: 'one publisher, 5,000 subscribers of other topics',
      sides: [
        ours('5,000 others', { job: steady({ subscribers: 1, publishers: 1, others: 5_000 }) }),
        ours('none', { job: steady({ subscribers: 1, publishers: 1 }) }),
      ],
      figures: [{ key: 'ackP50Ms', unit: 'ms p50' }],
    },
    {
      name: 'topics',
      what: '1,000 subscribers of 200 topics, their parents and all, 16 in flight',
      sides: [
        ours('200 topics', { job: steady({ ...wide, topics: 200 }) }),
        ours('one topic', { job: steady(wide) }),
      ],
      figures: [DELIVERIES],
    },
    {
      name: 'memory',
      what: '5,000 idle subscribers: memory of each',
      sides: atPeers({ scenario: 'idle', subscribers: 5_000 }),
      figures: [{ key: 'kibPerSubscriber', unit: 'KiB' }],
    },
  ];
}

function logTrials(sizes: Sizes): Trial[] {
  const chosenEvery = sizes.logEvents / CHOSEN_EVENTS;
  const large = { events: sizes.logEvents, chosenEvery, projects: PROJECTS };
  const job: Job = {
    scenario: 'replay',
    subscribers: 1,
    events: CHOSEN_EVENTS,
    path: CHOSEN_PROJECT,
    times: 5,
  };
  const flags = KEEP_ALL;
  return [
    replay(),
    replay('ndjson'),
    {
      name: 'replay-project',
      what: `replay of a project's 1,000 events out of ${sizes.logEvents.toLocaleString('en')} of 2,000 projects`,
      sides: [
        ours('among all', { job, log: large, flags }),
        ours('alone', { job, log: { events: CHOSEN_EVENTS, chosenEvery: 1, projects: 0 }, flags }),
      ],
      figures: [REPLAY_MS],
    },
    {
      name: 'start',
      what: `start with ${sizes.logEvents.toLocaleString('en')} events, until the first answer`,
      sides: [ours('full log', { log: large, flags }), ours('empty log', { flags })],
      figures: [{ key: 'startMs', unit: 'ms' }],
    },
  ];
}

function replay(format?: string): Trial {
  const job: ReplayJob = { scenario: 'replay', subscribers: 10, events: REPLAYED, path: TOPIC };
  const log = { events: REPLAYED, chosenEvery: 0, projects: 0 };
  return {
    name: format === undefined ? 'replay' : `replay-${format}`,
    what: `10 subscribers fetch 20,000 events${format === undefined ? '' : `, ${format}`}`,
    sides: [
      ours('gitpubsub', { job: format === undefined ? job : { ...job, format }, log, flags: KEEP_ALL }),
      { name: 'nchan', peer: 'nchan', job: { ...job, path: NCHAN_REPLAY_PATH, publishesFirst: true } },
    ],
    figures: [EVENTS],
  };
}

function stressTrials(sizes: Sizes): Trial[] {
  const prunedTopic = `${TOPIC}/project-0`;
  const steadily = steady({ subscribers: 0, publishers: 16, rate: 400, seconds: 4, prunedTopic });
  const oldLog = { events: sizes.prunedEvents, chosenEvery: 0, projects: PROJECTS, ageHours: 72 };
  const responsive: Job = {
    scenario: 'responsive',
    publishers: 16,
    rate: 500,
    seconds: 3,
  };
  return [
    {
      name: 'reconnect',
      what: `${sizes.returning.toLocaleString('en')} subscribers return at once for the last 100 events, 100 listen, 20 events/s`,
      sides: [ours('gitpubsub', { job: reconnect(sizes.returning) })],
      figures: [
        { key: 'completeMs', unit: 'ms until all are back' },
        { key: 'liveP99Ms', unit: 'ms p99 live' },
        { key: 'quietP99Ms', unit: 'ms p99 before' },
      ],
    },
    {
      name: 'prune',
      what: `400 publishes/s while ${sizes.prunedEvents.toLocaleString('en')} old events are pruned`,
      sides: [
        ours('pruning', { job: steadily, log: oldLog, isLogCopied: true, flags: KEEP_ALL }),
        ours('keeping', {
          job: steadily,
          log: oldLog,
          isLogCopied: true,
          flags: [...KEEP_ALL, '--retention-hours', 'none'],
        }),
      ],
      figures: [ACK_P99, { key: 'prunedEvents', unit: 'pruned' }],
    },
    {
      name: 'slow-disk',
      what: '500 publishes/s, each fsync takes 5 ms, keep-alives are due every 200 ms',
      sides: [
        ours('slow disk', { job: responsive, flags: ['--keep-alive-seconds', '0.2'], fsyncMs: 5 }),
        ours('this disk', { job: responsive, flags: ['--keep-alive-seconds', '0.2'] }),
      ],
      figures: [
        { key: 'firstLineP99Ms', unit: 'ms p99 to the first line' },
        { key: 'aliveGapP99Ms', unit: 'ms p99 between keep-alives' },
        { key: 'ackP99Ms', unit: 'ms p99 to the acknowledgement' },
      ],
    },
  ];
}

function reconnect(subscribers: number): Job {
  return { scenario: 'reconnect', subscribers, lastEvents: 100, liveSubscribers: 100, rate: 20 };
}

function steady(job: Omit<SteadyJob, 'scenario' | 'seconds'> & { seconds?: number }): SteadyJob {
  return { scenario: 'steady', seconds: 1.5, ...job };
}

function ours(name: string, side: Omit<Side, 'name' | 'peer'>): Side {
  return { name, peer: 'gitpubsub', ...side };
}

// The same for every broker; only ours knows formats.
function atPeers(job: Job, format?: string): Side[] {
  const ourJob = format === undefined ? job : { ...job, format };
  return PEER_NAMES.map((peer) => ({ name: peer, peer, job: peer === 'gitpubsub' ? ourJob : job }));
}

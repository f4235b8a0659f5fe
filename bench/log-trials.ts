// The trials whose size goes by the log or by who returns: replay, start, pruning, a storm, a slow disk.
import { type Job, type ReplayJob, TOPIC } from './load/job.ts';
import { NCHAN_REPLAY_PATH } from './peers/nchan.ts';
import { CHOSEN_PROJECT } from './prepared-log.ts';
import { type Figure, ours, steady, type Trial } from './trial.ts';

/** Sizes that the figures of a release are taken with, and smaller ones for every day. */
export interface Sizes {
  readonly logEvents: number;
  readonly prunedEvents: number;
  readonly returning: number;
}

export const EVERYDAY_SIZES: Sizes = { logEvents: 500_000, prunedEvents: 250_000, returning: 1_000 };
export const FULL_SIZES: Sizes = { logEvents: 5_000_000, prunedEvents: 1_000_000, returning: 5_000 };

const EVENTS: Figure = { key: 'eventsPerSecond', unit: 'events/s' };
const ACK_P99: Figure = { key: 'ackP99Ms', unit: 'ms p99' };
const REPLAY_MS: Figure = { key: 'replayMs', unit: 'ms' };

const REPLAYED = 20_000;
const CHOSEN_EVENTS = 1_000;
const PROJECTS = 2_000;

/** Nothing goes by size; what a log is built with stays. */
const KEEP_ALL: readonly string[] = ['--retention-bytes', 'none'];

/** What the log answers. */
export function logTrials(sizes: Sizes): Trial[] {
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

/** What happens to publishers and live streams while something else keeps the broker busy. */
export function stressTrials(sizes: Sizes): Trial[] {
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

// The table of trials. Nothing here runs anything.
import { logTrials, type Sizes, stressTrials } from './log-trials.ts';
import { atPeers, type Figure, ours, steady, type Trial } from './trial.ts';

const DELIVERIES: Figure = { key: 'deliveriesPerSecond', unit: 'deliveries/s' };
const ACKS: Figure = { key: 'acksPerSecond', unit: 'events/s' };
const DELIVERY_P50: Figure = { key: 'deliveryP50Ms', unit: 'ms p50' };
const DELIVERY_P99: Figure = { key: 'deliveryP99Ms', unit: 'ms p99' };

/** All of them, in the order in which they run. */
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
    crowdedTrial(),
  ];
}

/** Old events for a crowd: more than the system takes for a connection that nobody reads. */
const CROWD_LOG = { events: 20_000, chosenEvery: 0, projects: 0 };

function crowdedTrial(): Trial {
  const job = steady({ subscribers: 200, publishers: 16, rate: 100, seconds: 5 });
  const side = { job, log: CROWD_LOG, isLogCopied: true };
  return {
    name: 'crowded',
    what: '200 subscribers, 100 events/s, beside 200 who never read, 200 slow ones and 200 who reset',
    sides: [
      ours('crowded', { ...side, crowd: { countOfEach: 200, isElsewhere: false } }),
      ours('crowd elsewhere', { ...side, crowd: { countOfEach: 200, isElsewhere: true } }),
      ours('alone', side),
    ],
    figures: [DELIVERY_P50, DELIVERY_P99],
  };
}

function fanOut(subscribers: number, publishers: number, format?: string): Trial {
  const [suffix, remark] = format === undefined ? ['', ''] : [`-${format}`, `, ${format}`];
  return {
    name: `fan-out-${subscribers}-p${publishers}${suffix}`,
    what: `${subscribers.toLocaleString('en')} subscribers, ${publishers} in flight${remark}`,
    sides: atPeers(steady({ subscribers, publishers }), format),
    figures: [DELIVERIES],
  };
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

// What a trial is: the sides it compares and the figures that count.
import type { Job, SteadyJob } from './load/job.ts';
import type { PeerName } from './peers/peers.ts';
import type { LogRecipe } from './prepared-log.ts';

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
  /** Who else is there meanwhile. */
  readonly crowd?: CrowdRecipe;
  /** Every fsync takes so long. */
  readonly fsyncMs?: number;
}

/** Subscribers who never read, who read slowly and who reset again and again; they ask for all that the log holds. */
export interface CrowdRecipe {
  /** How many there are of each kind. */
  readonly countOfEach: number;
  /** At another broker with the same log they only cost the machine what they cost. */
  readonly isElsewhere: boolean;
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

const PEER_NAMES: readonly PeerName[] = ['gitpubsub', 'node:http', 'nchan', 'baseline'];

/** Publishers and subscribers for a while. */
export function steady(job: Omit<SteadyJob, 'scenario' | 'seconds'> & { seconds?: number }): SteadyJob {
  return { scenario: 'steady', seconds: 1.5, ...job };
}

/** A side that is our broker. */
export function ours(name: string, side: Omit<Side, 'name' | 'peer'>): Side {
  return { name, peer: 'gitpubsub', ...side };
}

/** A side for each broker, with the same job; only ours knows formats. */
export function atPeers(job: Job, format?: string): Side[] {
  const ourJob = format === undefined ? job : { ...job, format };
  return PEER_NAMES.map((peer) => ({ name: peer, peer, job: peer === 'gitpubsub' ? ourJob : job }));
}

// What the runner tells the generator to do, and what comes back: both cross the processes as JSON.
import type { Usage } from './meter.ts';

/** Where the broker is. */
export interface Target {
  readonly port: number;
  readonly pids: readonly number[];
  /** Lines of the head that its subscribers need. */
  readonly headers: readonly string[];
}

/** Publishers and subscribers for a while; with a rate it is an open loop. */
export interface SteadyJob {
  readonly scenario: 'steady';
  readonly subscribers: number;
  readonly publishers: number;
  readonly seconds: number;
  /** Events a second in all. */
  readonly rate?: number;
  readonly format?: string;
  /** Topics that are published to in turn, each below a parent of its own; 1 if not given. */
  readonly topics?: number;
  /** Further subscribers, of a topic that nobody publishes to. */
  readonly others?: number;
  /** A topic of old events, some of which must still be there at the end: pruning that ended early would measure nothing. */
  readonly prunedTopic?: string;
}

/** Subscribers that get nothing; what they cost in memory. */
export interface IdleJob {
  readonly scenario: 'idle';
  readonly subscribers: number;
}

/** Subscribers that fetch what the log holds: so many events, of one lane. */
export interface ReplayJob {
  readonly scenario: 'replay';
  readonly subscribers: number;
  readonly events: number;
  readonly path: string;
  readonly format?: string;
  /** How often, one after the other; the figures are medians. */
  readonly times?: number;
  /** Publish the events first, to a broker whose log can't be prepared. */
  readonly publishesFirst?: boolean;
}

/** Subscribers that come back all at once and fetch the last events, while others listen to a live stream. */
export interface ReconnectJob {
  readonly scenario: 'reconnect';
  readonly subscribers: number;
  readonly lastEvents: number;
  readonly liveSubscribers: number;
  readonly rate: number;
}

/** Publishing, with new subscribers all along and old ones that wait for keep-alives: does the loop respond? */
export interface ResponsiveJob {
  readonly scenario: 'responsive';
  readonly publishers: number;
  readonly rate: number;
  readonly seconds: number;
}

export type Job = SteadyJob | IdleJob | ReplayJob | ReconnectJob | ResponsiveJob;

/** Figures by name. */
export type Figures = Readonly<Record<string, number>>;

/** What a job gave, and how busy all were meanwhile. */
export interface JobResult extends Omit<Usage, 'seconds'> {
  readonly figures: Figures;
  /** What was lost, doubled, reordered or broken, as sentences. */
  readonly faults: readonly string[];
}

/** Bytes of an event, its line feed included. */
export const PAYLOAD_BYTES = 500;

/** Where the bench publishes. */
export const TOPIC = '/json';

// What `gitpubsub/client` gives to programs: the one file of the project that hands on what others define.
export type { CommitEvent, PushEvent } from '../core/commit-event.ts';
export { GitPubSubError } from '../core/errors.ts';
export { isCommitEvent, isPushEvent } from './commit-guards.ts';
export { publish, publishBatch, type PublishOptions } from './publish.ts';
export type { Receipt } from './publisher.ts';
export { RefusedError } from './refused-error.ts';
export { readStatistics, type BrokerStatistics, type StatisticsOptions } from './statistics.ts';
export type { StreamEvent, StreamGap, StreamItem } from './stream-item.ts';
export type { Filters } from './subscribe-path.ts';
export type { ConnectionChange, SubscribeOptions } from './subscribe-options.ts';
export { subscribe } from './subscribe.ts';
export type { Subscription } from './subscription.ts';
export type { Token } from './token.ts';

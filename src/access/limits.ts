// What somebody may use at most: plain values. The limiters count.

/** The bounds of one account; what is left out has none. */
export interface Limits {
  /** Streams open at a time. */
  readonly streams?: number | undefined;
  /** Requests that publish, whatever number of events each has; on average, may have a fraction. */
  readonly publishesPerSecond?: number | undefined;
  /** Of the bodies of such requests, on average. */
  readonly bytesPerSecond?: number | undefined;
  /** What this time allows on average may come at once; seconds. */
  readonly burstSeconds: number;
}

/** The lower of each of two bounds; `undefined` when there is none at all. */
export function lowest(one: Limits | undefined, other: Limits | undefined): Limits | undefined {
  if (!one || !other) return one ?? other;
  return {
    streams: lower(one.streams, other.streams),
    publishesPerSecond: lower(one.publishesPerSecond, other.publishesPerSecond),
    bytesPerSecond: lower(one.bytesPerSecond, other.bytesPerSecond),
    burstSeconds: Math.min(one.burstSeconds, other.burstSeconds),
  };
}

function lower(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

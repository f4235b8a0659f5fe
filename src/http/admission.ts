// Who gets in when the house is nearly full. Nobody who is in is ever put out.

/** Most places that are kept for clients that may publish; fewer connections keep a tenth. */
const MAX_KEPT_PLACES = 100;

/**
 * Whether a connection may stay that was counted as the `openCount`-th: the last places are for clients that may publish,
 * so that no crowd of strangers keeps an event out.
 */
export function isAdmitted(openCount: number, maxConnections: number, mayPublish: () => boolean): boolean {
  if (openCount > maxConnections) return false;
  const keptPlaces = Math.min(MAX_KEPT_PLACES, Math.floor(maxConnections / 10));
  return openCount <= maxConnections - keptPlaces || mayPublish();
}

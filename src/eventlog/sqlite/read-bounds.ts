// How much one call may read, whatever it looks for: together they bound how long it holds the loop.

/** Offsets examined by one query, at first and at most; grows while little is found. Bounds what one query sorts. */
export const FIRST_WINDOW = 1_024;
export const MAX_WINDOW = 16_384;

/** Index look-ups in one call; bounds how long a call holds the loop when nothing matches. */
export const MAX_SEEKS = 4_096;

/** How long one call may examine events by a filter, in milliseconds; it examines one at least. */
export const MAX_READ_MS = 5;

/** Events and bytes of payload read in one call, selected or not. */
export const MAX_EXAMINED_EVENTS = 2_048;
export const MAX_EXAMINED_BYTES: number = 1024 * 1024;

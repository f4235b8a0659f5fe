// The server's time: how long ago something was must not depend on how the reader's clock is set.

/** Differences below this are the rounding of the header and the way here; in milliseconds. */
const TOLERANCE_MS = 3_000;

/** Follows the server's clock by what its answers say. */
export class ServerClock {
  #aheadMs = 0;

  /** Takes the value of a `Date` header, if there is one. */
  adjust(date: string | null): void {
    const aheadMs = Date.parse(date ?? '') - Date.now();
    if (Number.isFinite(aheadMs)) this.#aheadMs = Math.abs(aheadMs) > TOLERANCE_MS ? aheadMs : 0;
  }

  /** UTC milliseconds. */
  nowMs(): number {
    return Date.now() + this.#aheadMs;
  }
}

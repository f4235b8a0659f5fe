// Whether a request comes from a page of this broker, whose cookie counts then. [P30]
import type { RequestHead } from './request-head.ts';

/** What `Sec-Fetch-Site` says of a page of this broker, and of an address that somebody typed. */
const OWN_SITES: ReadonlySet<string> = new Set(['same-origin', 'none']);

/**
 * Whether nothing but a page of this broker, or its visitor, can have made a browser send this to read something. `SameSite`
 * alone does not say so: to it another port and a neighbouring host are the same site.
 */
export function isOfOwnPage(head: RequestHead): boolean {
  const isReading = head.method === 'GET' || head.method === 'HEAD';
  // For reading, a browser names the origin of other pages only.
  if (!isReading || head.get('origin') !== undefined) return false;
  const site = head.get('sec-fetch-site');
  if (site !== undefined) return OWN_SITES.has(site);
  // Over plain HTTP browsers don't say that. No other page makes them send this header unasked.
  return head.get('x-requested-with') !== undefined || isEventSource(head);
}

// Another page can ask like that, but not see anything of the answer, not even when it comes: a stream begins at once.
function isEventSource(head: RequestHead): boolean {
  return head.get('accept') === 'text/event-stream' && !new URLSearchParams(head.query).has('poll');
}

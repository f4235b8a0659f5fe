// Which page makes a browser send a request, as far as it says so. A page of this broker may use its visitor's session. [P30]
import type { RequestHead } from './request-head.ts';

const BROWSER_HEADERS: ReadonlySet<string> = new Set(['sec-fetch-mode', 'origin', 'x-requested-with']);

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
  return head.get('x-requested-with') !== undefined;
}

/** Whether a page of another origin has made a browser send this, by what the browser says. */
export function isOfOtherPage(head: RequestHead): boolean {
  const site = head.get('sec-fetch-site');
  return site !== undefined && !OWN_SITES.has(site);
}

/** Whether it comes from a browser, which asks its user for a password where the answer offers that. */
export function isOfBrowser(head: RequestHead): boolean {
  return head.hasAny(BROWSER_HEADERS) || (head.get('user-agent')?.startsWith('Mozilla/') ?? false);
}

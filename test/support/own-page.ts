/** What a browser says when one of the broker's own pages asks, over TLS or on the machine itself. */
export const OWN_PAGE = ['sec-fetch-site', 'same-origin'] as const;

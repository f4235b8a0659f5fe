// The lines of a proxy's configuration that mend what was found.
import type { Ailment } from './finding.ts';

const PROXIES = ['nginx', 'Apache', 'HAProxy', 'Caddy'] as const;

type Proxy = (typeof PROXIES)[number];

/** The broker's own part of it. */
const BROKER_LINE = 'gitpubsub serve --trusted-proxies <address of the proxy>';

const REMEDIES: Readonly<Record<Proxy, Readonly<Record<Ailment, readonly string[]>>>> = {
  nginx: {
    buffering: ['proxy_buffering off;', 'gzip off;'],
    idle: ['proxy_read_timeout 60s;'],
    address: ['proxy_set_header X-Forwarded-For $remote_addr;'],
    'http-version': ['proxy_http_version 1.1;'],
  },
  Apache: {
    buffering: ['ProxyPass / http://127.0.0.1:2069/ flushpackets=on', 'SetEnv no-gzip 1'],
    idle: ['ProxyTimeout 60'],
    address: ['RequestHeader unset X-Forwarded-For early', 'ProxyAddHeaders On'],
    'http-version': ['UnsetEnv force-proxy-request-1.0'],
  },
  HAProxy: {
    buffering: ['option http-no-delay'],
    idle: ['timeout client 60s', 'timeout server 60s'],
    address: ['http-request set-header X-Forwarded-For %[src]'],
    'http-version': [],
  },
  Caddy: {
    buffering: ['reverse_proxy 127.0.0.1:2069 {', '    flush_interval -1', '}'],
    idle: [],
    address: ['reverse_proxy 127.0.0.1:2069 {', '    header_up X-Forwarded-For {remote_host}', '}'],
    'http-version': [],
  },
};

/** Which proxy answers, by its `Server` and `Via` headers; `none` if it is the broker itself. */
export function recogniseProxy(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Proxy | 'none' | 'unknown' {
  const text = `${String(headers['server'])} ${String(headers['via'])}`;
  const proxy = PROXIES.find((one) => text.toLowerCase().includes(one.toLowerCase()));
  if (proxy !== undefined) return proxy;
  return text.startsWith('GitPubSub') && headers['via'] === undefined ? 'none' : 'unknown';
}

/** The lines for the proxy that was recognised, or for all of them. */
export function describeRemedies(
  ailments: ReadonlySet<Ailment>,
  proxy: Proxy | 'none' | 'unknown',
): string[] {
  const proxies = PROXIES.filter((one) => proxy === one || proxy === 'none' || proxy === 'unknown');
  const lines = proxies.flatMap((one) => {
    const own = [...ailments].flatMap((ailment) => REMEDIES[one][ailment]);
    return own.length === 0 ? [] : [`${one}:`, ...own.map((line) => `    ${line}`)];
  });
  return ailments.has('address') ? [...lines, 'the broker:', `    ${BROKER_LINE}`] : lines;
}

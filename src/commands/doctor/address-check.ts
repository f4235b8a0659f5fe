// Whom the broker takes this machine for, and whether anybody could claim to be somebody else. [P5]
import { parseObject, readStart } from '../../client/answer.ts';
import type { Endpoint } from '../../client/endpoint.ts';
import type { Finding } from './finding.ts';

// An address of nobody. Source: RFC 5737
const CLAIMED_ADDRESS = '192.0.2.1';

// No JSON, so it is refused at the latest when it is read, and nothing is ever published.
const NO_EVENT = Buffer.from('{');

/** What the broker said to an attempt. */
interface Attempt {
  readonly isTrusted: boolean;
  readonly detail: string;
}

/**
 * Tries to publish what can't be published, plainly and under a false address, both without a token, which would hide what the
 * address is worth. `isProxied` if the answers are not the broker's own.
 */
export async function checkAddress(endpoint: Endpoint, path: string, isProxied: boolean): Promise<Finding[]> {
  const plain = await attempt(endpoint, path, {});
  const claimed = await attempt(endpoint, path, { 'X-Forwarded-For': CLAIMED_ADDRESS });
  if (plain === undefined || claimed === undefined)
    return [
      {
        verdict: 'note',
        text: 'Whom the broker takes for its client is unknown: something in between answers publishing itself.',
      },
    ];
  if (claimed.detail.includes(`${CLAIMED_ADDRESS} `))
    return [plain.isTrusted && !isProxied ? ownMachine() : anybody()];
  if (!plain.isTrusted) return [refused(plain.detail)];
  if (claimed.isTrusted)
    return [{ verdict: 'ok', text: 'You may publish, and nobody can claim your address.' }];
  return [
    isProxied ? hidden() : { verdict: 'ok', text: 'You may publish, and no proxy in between is known.' },
  ];
}

/** Tries the same with the token. */
export async function checkToken(endpoint: Endpoint, path: string): Promise<Finding[]> {
  const outcome = await attempt(endpoint, path, {});
  if (outcome === undefined) return [];
  if (outcome.isTrusted) return [{ verdict: 'ok', text: 'With your token you may publish.' }];
  return [
    { verdict: 'note', text: `With your token you may not publish here. The broker says: ${outcome.detail}` },
  ];
}

async function attempt(
  endpoint: Endpoint,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<Attempt | undefined> {
  const response = await endpoint.send({
    method: 'POST',
    path,
    headers: { ...headers, 'Content-Length': 1 },
    body: NO_EVENT,
  });
  const { type, detail } = parseObject(await readStart(response)) ?? {};
  if (typeof type !== 'string' || typeof detail !== 'string') return undefined;
  return { isTrusted: !/:(?:publish-forbidden|unauthorized)$/.test(type), detail };
}

function anybody(): Finding {
  const text = `The broker takes you for whoever you say in X-Forwarded-For: anybody who comes this way can claim an address of trustedPeers, and publish. The proxy must set that header itself.`;
  return { verdict: 'bad', text, ailment: 'address' };
}

// Who is on the proxy's own machine is trusted anyway; but some proxies do not show themselves.
function ownMachine(): Finding {
  const text = `The broker takes you for whoever you say in X-Forwarded-For: your address is in its trustedProxies, and may publish anyway. That is as it should be on the proxy's own machine; a proxy in between that does not show itself must set that header itself.`;
  return { verdict: 'note', text };
}

function hidden(): Finding {
  const text =
    'The proxy hides who you are: the broker takes everybody who comes this way for the proxy, trusts it, and lets everybody publish. The proxy must set X-Forwarded-For, and the broker list it in trustedProxies.';
  return { verdict: 'bad', text, ailment: 'address' };
}

function refused(detail: string): Finding {
  if (!detail.includes('trustedProxies') && !detail.includes('trusted proxy'))
    return { verdict: 'note', text: `Your address may not publish here. The broker says: ${detail}` };
  return {
    verdict: 'bad',
    text: `The broker does not know its proxy. It says: ${detail}`,
    ailment: 'address',
  };
}

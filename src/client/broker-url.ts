// The URL of a topic, as people write it.
import { GitPubSubError } from '../core/errors.ts';

/** Reads a URL; without a scheme it is `http://`, as with curl. @throws GitPubSubError `invalid-usage` */
export function toBrokerUrl(url: string | URL): URL {
  const text = String(url);
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (URL.canParse(full)) {
    const parsed = new URL(full);
    if (parsed.protocol === 'http:' || parsed.protocol === 'https:') return parsed;
  }
  throw new GitPubSubError(
    'invalid-usage',
    `"${text}" is no URL of a broker; allowed are http:// and https://, such as http://localhost:2069/json.`,
  );
}

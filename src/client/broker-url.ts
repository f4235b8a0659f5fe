// The URL of a topic, as people write it.
import { GitPubSubError } from '../core/errors.ts';

// A segment of a path that URLs take for a step, and take out: the event would go to another topic. [P1]
const DOT_SEGMENT = /[/\\](?:\.|%2e){1,2}(?=[/\\]|$)/i;

/** Reads a URL; without a scheme it is `http://`, as with curl. @throws GitPubSubError `invalid-usage` */
export function toBrokerUrl(url: string | URL): URL {
  const text = String(url);
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const [path = ''] = full.trim().split(/[?#]/);
  if (DOT_SEGMENT.test(path))
    throw new GitPubSubError(
      'invalid-usage',
      `"${text}" has a segment "." or "..", which no topic may have.`,
    );
  if (URL.canParse(full)) {
    const parsed = new URL(full);
    if (parsed.protocol === 'http:' || parsed.protocol === 'https:') return parsed;
  }
  throw new GitPubSubError(
    'invalid-usage',
    `"${text}" is no URL of a broker; allowed are http:// and https://, such as http://localhost:2069/json.`,
  );
}

/** Whether a URL has a name or a password of its own, which are sent instead of any token. */
export function hasCredentials({ username, password }: URL): boolean {
  return username !== '' || password !== '';
}

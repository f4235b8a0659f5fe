// Where a request goes and where its body ends must be beyond doubt: two readings of it would smuggle a second one. [P6]
import { GitPubSubError } from '../core/errors.ts';
import type { RequestHead } from './request-head.ts';

/**
 * Checks what the library takes in silence.
 * Source: RFC 9112 §3.2 and §6.3
 * @throws GitPubSubError `invalid-framing`; the answer must close the connection
 */
export function checkFraming(head: RequestHead): void {
  const hosts = head.all('host');
  if (hosts.length > 1) throw invalid(`The request has ${hosts.length} Host headers; one is allowed.`);
  const lengths = head.all('content-length');
  const codings = head.all('transfer-encoding');
  if (lengths.length > 1)
    throw invalid(`The request has ${lengths.length} Content-Length headers; one is allowed.`);
  if (lengths.length > 0 && codings.length > 0) {
    throw invalid('The request has both Content-Length and Transfer-Encoding; only one of them is allowed.');
  }
  // The library takes them for another request, after it has handed over the body.
  if (head.get('trailer') !== undefined)
    throw invalid('Trailers are not taken; leave out the Trailer header.');
  if (codings.length > 0 && (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked')) {
    throw invalid(`Transfer-Encoding is "${codings.join(', ')}"; only "chunked" is allowed.`);
  }
}

function invalid(message: string): GitPubSubError {
  return new GitPubSubError('invalid-framing', message);
}

import { expect, test } from 'vitest';
import { describeError } from '../../src/client/answer.ts';

test.each([
  [
    'an authority that is not known',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'unable to verify',
    /NODE_EXTRA_CA_CERTS$/,
  ],
  [
    'plain HTTP where there is TLS, perhaps',
    'ECONNRESET',
    'socket hang up',
    /is it http:\/\/ or https:\/\/\?$/,
  ],
  ['TLS where there is none', 'EPROTO', 'two\nlines', /^EPROTO: the server speaks no TLS/],
  [
    'anything else',
    'ECONNREFUSED',
    'connect ECONNREFUSED 127.0.0.1:1',
    /^connect ECONNREFUSED 127\.0\.0\.1:1$/,
  ],
  ['what has no message', 'ECONNREFUSED', '', /^ECONNREFUSED$/],
])('an error of a connection says what may be done: %s', (_what, code, message, expected) => {
  expect(describeError(Object.assign(new Error(message), { code }))).toMatch(expected);
});

// The same tests over TCP and over TLS.
import { afterAll, describe } from 'vitest';
import type { BrokerOptions } from './broker-process.ts';
import { CertificateAuthority, hasOpenssl } from './certificates.ts';

/** Options for the brokers of a suite. */
export type Wire = Pick<BrokerOptions, 'authority'>;

/** Describes a suite twice; `suite` gives its brokers these options. Without openssl the second one is skipped. */
export function describeOnEachWire(suite: (wire: Wire) => void): void {
  describe('over TCP', () => suite({}));
  describe.skipIf(!hasOpenssl())('over TLS (needs openssl)', () => {
    const authority = new CertificateAuthority();
    afterAll(() => authority.dispose());
    suite({ authority });
  });
}

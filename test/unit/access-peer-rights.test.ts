import { expect, test } from 'vitest';
import { PeerRightsTable } from '../../src/access/peer-rights.ts';
import { readSampleRules, type SamplePeers } from '../support/sample-access.ts';

const PEERS: readonly SamplePeers[] = [
  { addresses: ['10.0.0.0/8', '2001:db8::/32'], publish: ['/json'] },
  { addresses: ['10.1.2.3', 'unix'], subscribe: ['/secret'], statistics: true },
];

const table = new PeerRightsTable(readSampleRules({ peers: PEERS }).peers);

test.each([
  ['10.9.9.9', { publish: ['/json'], subscribe: [], statistics: false }],
  ['2001:db8::7', { publish: ['/json'], subscribe: [], statistics: false }],
  ['10.1.2.3', { publish: ['/json'], subscribe: ['/secret'], statistics: true }],
  ['unix', { publish: [], subscribe: ['/secret'], statistics: true }],
])('%s has the rights of all entries that cover it', (client, rights) => {
  expect(table.of(client)).toMatchObject(rights);
});

test.each(['11.0.0.1', '::1', 'unknown', ''])('no entry is about %j', (client) => {
  expect(table.of(client)).toBeUndefined();
});

test('an entry may give nothing, which is something else than no entry', () => {
  const nothing = new PeerRightsTable(readSampleRules({ peers: [{ addresses: ['10.0.0.1'] }] }).peers);
  expect(nothing.of('10.0.0.1')).toMatchObject({ publish: [], subscribe: [], statistics: false });
});

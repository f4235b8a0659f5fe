// What an access file grants to addresses.
import { parseAddress } from './address.ts';
import { unite, type PeerRights, type Rights } from './access-rules.ts';
import { rangeCovers } from './peer-range.ts';

/** Looks up the rights of addresses. */
export class PeerRightsTable {
  readonly #entries: readonly PeerRights[];

  constructor(entries: readonly PeerRights[]) {
    this.#entries = entries;
  }

  /** The rights of a client, by its address as text or `unix`; `undefined` when no entry is about it. */
  of(client: string): Rights | undefined {
    if (this.#entries.length === 0) return undefined;
    const address = parseAddress(client);
    const matching = this.#entries.filter(({ addresses }) =>
      addresses.some((range) =>
        range === 'unix' ? client === 'unix' : address !== undefined && rangeCovers(range, address),
      ),
    );
    const [first, ...others] = matching;
    return first && others.reduce<Rights>(unite, first);
  }
}

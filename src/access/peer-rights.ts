// What an access file grants to addresses.
import { lowest, type Limits } from './limits.ts';
import { parseAddress } from './address.ts';
import { unite, type PeerRights, type Rights } from './access-rules.ts';
import { rangeCovers } from './peer-range.ts';

/** What the entries that cover an address say of it. */
export interface PeerGrant extends Rights {
  readonly limits?: Limits | undefined;
}

/** Looks up the rights of addresses. */
export class PeerRightsTable {
  readonly #entries: readonly PeerRights[];

  constructor(entries: readonly PeerRights[]) {
    this.#entries = entries;
  }

  /** The rights and limits of a client, by its address as text or `unix`; `undefined` when no entry is about it. */
  of(client: string): PeerGrant | undefined {
    if (this.#entries.length === 0) return undefined;
    const address = parseAddress(client);
    const matching = this.#entries.filter(({ addresses }) =>
      addresses.some((range) =>
        range === 'unix' ? client === 'unix' : address !== undefined && rangeCovers(range, address),
      ),
    );
    const [first, ...others] = matching;
    return first && others.reduce<PeerGrant>(join, first);
  }
}

function join(one: PeerGrant, other: PeerGrant): PeerGrant {
  return { ...unite(one, other), limits: lowest(one.limits, other.limits) };
}

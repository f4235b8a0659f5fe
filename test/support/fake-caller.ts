// Callers as the access policy describes them.
import type { Caller } from '../../src/access/caller.ts';
import { NO_RIGHTS } from '../../src/access/access-rules.ts';
import { HiddenTopics } from '../../src/core/hidden-topics.ts';

/** A caller without any right, from 192.0.2.1 unless it is said. */
export function createCaller({
  client = '192.0.2.1',
  ...others
}: Partial<Caller> & { client?: string }): Caller {
  return {
    id: { client, isCertain: true, foreignOrigin: undefined, tokenSha256: undefined },
    principal: undefined,
    rights: NO_RIGHTS,
    limits: undefined,
    hidden: new HiddenTopics([], []),
    expiresMs: undefined,
    addressRefusal: undefined,
    ...others,
  };
}

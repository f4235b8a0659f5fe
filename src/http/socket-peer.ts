// The other end of a request's socket, as far as the socket itself tells.
import type { HttpResponse } from 'uWebSockets.js';

/** Who sent a request, before any header is looked at. */
export interface SocketPeer {
  /** 4 or 16 bytes, or `unix` for a Unix domain socket. */
  readonly address: string | Uint8Array;
  /** Whether the PROXY protocol's preface named somebody else: then this is a proxy, whatever its address. */
  readonly isProxy: boolean;
}

/** Reads it from a response object, which must be valid. */
export function readSocketPeer(response: HttpResponse, isUnix: boolean): SocketPeer {
  return {
    address: isUnix ? 'unix' : new Uint8Array(response.getRemoteAddress()),
    // The preface is understood from anyone: what it says must not be believed, only that it is there. [P5]
    isProxy: response.getProxiedRemoteAddress().byteLength > 0,
  };
}

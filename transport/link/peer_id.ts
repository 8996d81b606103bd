// This module is browser compatible.

/**
 * Which peer of a {@linkcode DatagramLink}: minted by the link, and unlike the
 * last four million that it gave out. Survives a change of the peer's address. An integer from 0 to
 * 2^32 - 1: the slot in its lowest 16 bits, the slot's generation in the upper 16.
 */
export type PeerId = number & { readonly __brand: "PeerId" };

/** The slot of a peer: 0 to 65535, reused after it has left. */
export function peerSlot(peer: PeerId): number {
  return peer & 0xffff;
}

// This module is browser compatible.
import type { DatagramAddress } from "../socket/datagram_address.ts";

/** How many sessions an address has at most: a forged packet is tried with the key of each. */
export const MAX_SESSIONS_AT = 8;
const NONE: readonly never[] = [];

/** Finds what is at an address, which it keeps interned meanwhile. */
export class SessionPlaces<T> {
  readonly #places = new Map<DatagramAddress, T[]>();

  /** Who is there, who was heard last first. */
  at(address: DatagramAddress): readonly T[] {
    return this.#places.get(address) ?? NONE;
  }

  isFull(address: DatagramAddress): boolean {
    return this.at(address).length >= MAX_SESSIONS_AT;
  }

  /** Gives a session a place, which is not full. */
  add(address: DatagramAddress, session: T): void {
    const place = this.#places.get(address);
    if (place === undefined) this.#places.set(address, [session]);
    else place.push(session);
    address.retain();
  }

  remove(address: DatagramAddress, session: T): void {
    const place = this.#places.get(address);
    const at = place?.indexOf(session) ?? -1;
    if (at < 0) return;
    place!.splice(at, 1);
    if (place!.length === 0) this.#places.delete(address);
    address.release();
  }

  /** Puts a session first, where its packets are tried with its key first. */
  prefer(address: DatagramAddress, session: T): void {
    const place = this.#places.get(address)!;
    const at = place.indexOf(session);
    place[at] = place[0]!;
    place[0] = session;
  }
}

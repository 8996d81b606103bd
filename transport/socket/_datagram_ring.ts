// This module is browser compatible.
import type { IpAddress } from "./ip_address_table.ts";

/** A bounded queue of datagrams with their addresses, copied into one buffer. */
export class DatagramRing {
  readonly #bytes: Uint8Array;
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  readonly #addresses: (IpAddress | undefined)[];
  readonly #mask: number;
  /** Counts up; where it is in the arrays are its lowest bits. */
  #first = 0;
  #count = 0;
  /** Where the next datagram is put, if there is room. */
  #end = 0;

  /**
   * Creates an empty one.
   *
   * @param maxBytes The most bytes that it holds, which are allocated at once.
   */
  constructor(maxBytes: number) {
    // As many as there may be of 128 bytes; a system's overhead is larger than that.
    const most = Math.min(Math.max(maxBytes >>> 7, 16), 65_536);
    const slots = 1 << 32 - Math.clz32(most - 1);
    this.#mask = slots - 1;
    this.#bytes = new Uint8Array(maxBytes);
    this.#starts = new Int32Array(slots);
    this.#lengths = new Int32Array(slots);
    this.#addresses = new Array(slots).fill(undefined);
  }

  /** How many datagrams it holds. */
  get count(): number {
    return this.#count;
  }

  /**
   * Adds a datagram at the end.
   *
   * @param datagram The bytes, copied.
   * @param address Whose it is.
   * @returns Whether there was room.
   */
  push(datagram: Uint8Array, address: IpAddress): boolean {
    const { length } = datagram;
    const start = this.#room(length);
    if (start < 0) return false;
    this.#bytes.set(datagram, start);
    this.#end = start + length;
    const slot = this.#first + this.#count++ & this.#mask;
    this.#starts[slot] = start;
    this.#lengths[slot] = length;
    this.#addresses[slot] = address;
    return true;
  }

  /** Where so many bytes fit in one piece, -1 if they do not. */
  #room(length: number): number {
    const capacity = this.#bytes.length;
    if (this.#count === 0) return length <= capacity ? 0 : -1;
    if (this.#count > this.#mask) return -1;
    const start = this.#starts[this.#first & this.#mask]!;
    const end = this.#end;
    // A datagram never ends where the first begins, but for one of no bytes: that would look empty.
    if (end < start) return end + length < start ? end : -1;
    if (end === start && this.#lengths[this.#first & this.#mask] !== 0) {
      return -1;
    }
    if (end + length <= capacity) return end;
    return length < start ? 0 : -1;
  }

  /** The first datagram, in place, until it is removed. There is one. */
  get firstDatagram(): Uint8Array {
    const slot = this.#first & this.#mask;
    const start = this.#starts[slot]!;
    return this.#bytes.subarray(start, start + this.#lengths[slot]!);
  }

  /** Whose the first one is. There is one. */
  get firstAddress(): IpAddress {
    return this.#addresses[this.#first & this.#mask]!;
  }

  /** Removes the first one. Its bytes stay until the next `push()`. There is one. */
  removeFirst(): void {
    this.#addresses[this.#first & this.#mask] = undefined;
    this.#first++;
    this.#count--;
  }

  /** Removes all. */
  clear(): void {
    while (this.#count > 0) this.removeFirst();
  }
}

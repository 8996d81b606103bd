// This module is browser compatible.

/** What became of a packet: the lowest two bits of its `META`. */
export const PacketState = {
  /** A number that was left out, or a packet of which nothing is to be known any more. */
  None: 0,
  UnderWay: 1,
  Acked: 2,
  Lost: 3,
} as const;

/** It asks for an acknowledgement, and counts as in flight. */
export const ELICITING = 4;
/** There was nothing more to send when it left. */
export const APP_LIMITED = 8;
/** It probes the path's MTU. */
export const MTU_PROBE = 16;
const STATE_MASK = 3;
const BYTES_SHIFT = 8;
const BYTES_MASK = 0x3fff;
const REFS_SHIFT = 22;

/** When it left, in milliseconds. */
export const SENT_MS = 0;
/** State, flags, bytes of the datagram (14 bits from bit 8) and count of refs (10 bits from bit 22). */
export const META = 1;
/** Its first ref in the outbox. */
export const FIRST_REF = 2;
/** The largest number of the peer's that it told of; -1 for none. */
export const TOLD = 3;
/** The lowest one. */
export const TOLD_FROM = 4;
/** All bytes delivered when it left; when it is acknowledged, the lowest number of the run of such that it ends. */
export const DELIVERED = 5;
/** When the newest of those was delivered. */
export const DELIVERED_MS = 6;
/** When the packet left whose delivery began the time of this one's rate sample. */
export const FIRST_SENT_MS = 7;
const STRIDE_SHIFT = 3;

const FIRST_CAPACITY = 8;
const MAX_CAPACITY = 16_384;

/**
 * Packets that were sent and whose fate matters: a ring of records, one after another
 * in one array (a record is a cache line), that doubles as it fills.
 */
export class SentPackets {
  /** The records: `data[offsetOf(number) + FIELD]`. */
  data: Float64Array = new Float64Array(FIRST_CAPACITY << STRIDE_SHIFT);
  /** The oldest number that is kept. */
  oldest: number;
  /** The number of the next packet. */
  next: number;
  #capacity = FIRST_CAPACITY;

  constructor(first: number) {
    this.oldest = first;
    this.next = first;
  }

  /** Whether the oldest must go before another one comes. */
  get isFull(): boolean {
    return this.next - this.oldest === MAX_CAPACITY;
  }

  /** Whether another one takes more memory. */
  get isTight(): boolean {
    return this.next - this.oldest === this.#capacity;
  }

  offsetOf(number: number): number {
    return (number & (this.#capacity - 1)) << STRIDE_SHIFT;
  }

  /** Adds the next packet, and returns where its record is. Its other fields are the caller's. */
  append(sentMs: number, meta: number): number {
    if (this.isTight) this.#resize(this.#capacity * 2);
    const at = this.offsetOf(this.next++);
    this.data[at + SENT_MS] = sentMs;
    this.data[at + META] = meta;
    return at;
  }

  /** Keeps no more room than a few records need, if no more are there. */
  rest(): void {
    if (
      this.#capacity > FIRST_CAPACITY &&
      this.next - this.oldest < FIRST_CAPACITY
    ) this.#resize(FIRST_CAPACITY);
  }

  #resize(capacity: number): void {
    const from = this.data;
    const fromMask = this.#capacity - 1;
    this.#capacity = capacity;
    this.data = new Float64Array(this.#capacity << STRIDE_SHIFT);
    for (let number = this.oldest; number < this.next; number++) {
      const at = (number & fromMask) << STRIDE_SHIFT;
      this.data.set(
        from.subarray(at, at + (1 << STRIDE_SHIFT)),
        this.offsetOf(number),
      );
    }
  }
}

/** Makes the `META` of a packet under way. */
export function packMeta(flags: number, bytes: number, refs: number): number {
  return (PacketState.UnderWay | flags | (bytes << BYTES_SHIFT) |
    (refs << REFS_SHIFT)) >>> 0;
}

/** The state in a `META`. */
export function stateOf(meta: number): number {
  return meta & STATE_MASK;
}

/** The `META` with another state. */
export function withState(meta: number, state: number): number {
  return ((meta & ~STATE_MASK) | state) >>> 0;
}

/** The bytes in a `META`. */
export function bytesOf(meta: number): number {
  return (meta >>> BYTES_SHIFT) & BYTES_MASK;
}

/** The count of refs in a `META`. */
export function refsOf(meta: number): number {
  return meta >>> REFS_SHIFT;
}

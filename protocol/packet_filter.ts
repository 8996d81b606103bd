// This module is browser compatible.
import { sequenceDistance } from "./sequence.ts";

/** How many sequence numbers a {@linkcode PacketFilter} keeps for each peer. */
export const FILTER_HISTORY_LEN = 1024;

/**
 * Why a {@linkcode PacketFilter} refused a packet.
 *
 * - `replayDetected`: its number was seen before.
 * - `tooOld`: its number is 1,024 or more before the peer's newest, or exactly
 *   half way round (2^31), so that nobody knows whether it was seen before.
 * - `unknownPeer`: its sender is not registered.
 *
 * The first two are `replayDetected` where a `ProtocolErrorCode` is wanted.
 */
export type FilterRefusal = "replayDetected" | "tooOld" | "unknownPeer";

/** Options for {@linkcode PacketFilter}. */
export interface PacketFilterOptions {
  /**
   * How many peers can be registered at a time, 132 bytes each: an integer from
   * 1 to 2^20. Memory grows as they come, and is kept for the next ones.
   *
   * @default {4096}
   */
  readonly maxPeers?: number;
}

const DEFAULT_MAX_PEERS = 4096;
const LARGEST_MAX_PEERS = 2 ** 20;
const INITIAL_SLOTS = 16;
const WORDS = FILTER_HISTORY_LEN / 32;
const POSITION = FILTER_HISTORY_LEN - 1;

/**
 * Refuses packets that came before: a window over the last 1,024 sequence
 * numbers of each peer, in which each is accepted once, in any order.
 *
 * The window moves on to every newer number that is accepted. So check what was
 * proved to come from the peer, after its seal and not before: with a forged
 * number from far ahead, anybody could make the peer's own packets too old.
 *
 * A peer holds its memory from `registerPeer` to `removePeer`; a packet of
 * anybody else costs a look-up and leaves no trace. The windows are rings of bits
 * in which nothing is shifted when they move, as in RFC 6479; numbers are
 * compared by RFC 1982.
 *
 * @example Each packet once
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { PacketFilter } from "@tickwire/net/protocol";
 *
 * const filter = new PacketFilter();
 * assert(filter.registerPeer(7));
 * assertEquals(filter.check(7, 1), undefined);
 * assertEquals(filter.check(7, 2000), undefined);
 * assertEquals(filter.check(7, 1999), undefined);
 * assertEquals(filter.check(7, 1999), "replayDetected");
 * assertEquals(filter.check(7, 900), "tooOld");
 * assertEquals(filter.check(8, 1), "unknownPeer");
 * ```
 */
export class PacketFilter {
  readonly #maxPeers: number;
  readonly #slots = new Map<number, number>();
  readonly #freeSlots: number[] = [];
  /**
   * For each slot the newest number, as a signed integer. Its bit is set in every
   * window but an empty one, which is recognised by that; its number may be left
   * over from another peer.
   */
  #newest = new Int32Array(0);
  /** For each slot 32 words, a bit for each sequence number modulo 1,024. */
  #seen = new Int32Array(0);

  /**
   * Creates a filter without peers.
   *
   * @param options How many peers it takes.
   * @throws {RangeError} If `maxPeers` is not an integer from 1 to 2^20.
   */
  constructor(options: PacketFilterOptions = {}) {
    const { maxPeers = DEFAULT_MAX_PEERS } = options;
    if (
      !Number.isInteger(maxPeers) || maxPeers < 1 ||
      maxPeers > LARGEST_MAX_PEERS
    ) {
      throw new RangeError(
        `Cannot create a PacketFilter as maxPeers must be an integer from 1 to 2^20: current value is ${maxPeers}`,
      );
    }
    this.#maxPeers = maxPeers;
  }

  /**
   * Begins to accept packets of a peer, the first with any sequence number. A
   * peer that is registered already keeps its window, so that nothing can be
   * replayed by connecting again.
   *
   * @param peer The link's `PeerId` for it: a safe integer. From 0 to 2^30 - 1
   * engines look it up twice as fast, and `check` allocates nothing.
   * @returns Whether the peer is registered now; `false` if there are `maxPeers`
   * others.
   * @throws {RangeError} If `peer` is not a safe integer.
   */
  registerPeer(peer: number): boolean {
    if (!Number.isSafeInteger(peer)) {
      throw new RangeError(
        `Cannot register a peer as its id must be a safe integer: current value is ${peer}`,
      );
    }
    if (this.#slots.has(peer)) return true;
    if (this.#slots.size === this.#maxPeers) return false;
    if (this.#freeSlots.length === 0) this.#grow();
    this.#slots.set(peer, this.#freeSlots.pop()!);
    return true;
  }

  /**
   * Forgets a peer, whose packets are refused from then on, and makes room for
   * another one.
   *
   * @param peer The peer.
   * @returns Whether it was registered.
   */
  removePeer(peer: number): boolean {
    const slot = this.#slots.get(peer);
    if (slot === undefined) return false;
    this.#slots.delete(peer);
    this.#clear(slot);
    this.#freeSlots.push(slot);
    return true;
  }

  /**
   * Checks a packet and, if it is accepted, takes note of it.
   *
   * @param peer Who sent it.
   * @param sequence Its number: 0 to 4294967295, wraps.
   * @returns `undefined` if it is accepted, or why not.
   */
  check(peer: number, sequence: number): FilterRefusal | undefined {
    const slot = this.#slots.get(peer);
    if (slot === undefined) return "unknownPeer";
    const seen = this.#seen;
    const newest = this.#newest[slot]!;
    const first = slot * WORDS;
    const at = first + ((sequence & POSITION) >>> 5);
    const bit = 1 << (sequence & 31);
    const distance = sequenceDistance(newest, sequence);
    if (distance > 0) {
      // The number after the newest, the usual one, has nothing to clear.
      if (distance > 1) clearBetween(seen, first, newest, distance);
      this.#newest[slot] = sequence;
      seen[at]! |= bit;
      return undefined;
    }
    if (distance < 0 && !isSeen(seen, first, newest)) {
      // The window is empty.
      this.#newest[slot] = sequence;
    } else if (distance <= -FILTER_HISTORY_LEN) {
      return "tooOld";
    } else if ((seen[at]! & bit) !== 0) {
      return "replayDetected";
    }
    seen[at]! |= bit;
    return undefined;
  }

  /**
   * Empties the window of one peer or of all, which stay registered: for numbers
   * that begin anew under a new key. Under the same key, packets could be
   * replayed.
   *
   * @param peer The peer, of which nothing happens if it is not registered; all
   * peers if left out.
   */
  reset(peer?: number): void {
    if (peer === undefined) {
      this.#seen.fill(0);
      return;
    }
    const slot = this.#slots.get(peer);
    if (slot !== undefined) this.#clear(slot);
  }

  #clear(slot: number): void {
    this.#seen.fill(0, slot * WORDS, (slot + 1) * WORDS);
  }

  /** Doubles the slots, within `maxPeers`. */
  #grow(): void {
    const count = this.#newest.length;
    const larger = Math.min(this.#maxPeers, Math.max(INITIAL_SLOTS, count * 2));
    const newest = new Int32Array(larger);
    const seen = new Int32Array(larger * WORDS);
    newest.set(this.#newest);
    seen.set(this.#seen);
    this.#newest = newest;
    this.#seen = seen;
    for (let slot = larger - 1; slot >= count; slot--) {
      this.#freeSlots.push(slot);
    }
  }
}

function isSeen(seen: Int32Array, first: number, sequence: number): boolean {
  const word = seen[first + ((sequence & POSITION) >>> 5)]!;
  return ((word >>> (sequence & 31)) & 1) !== 0;
}

/**
 * Clears the bits of the numbers between the newest and a newer one: in their
 * places stand those that leave the window, 1,024 before.
 */
function clearBetween(
  seen: Int32Array,
  first: number,
  newest: number,
  distance: number,
): void {
  if (distance >= FILTER_HISTORY_LEN) {
    seen.fill(0, first, first + WORDS);
    return;
  }
  let position = (newest + 1) & POSITION;
  let remaining = distance - 1;
  while (remaining > 0) {
    const low = position & 31;
    const count = Math.min(32 - low, remaining);
    // A shift by 32 would be one by 0, hence from the other side.
    const mask = (-1 >>> (32 - count)) << low;
    seen[first + (position >>> 5)]! &= ~mask;
    position = (position + count) & POSITION;
    remaining -= count;
  }
}

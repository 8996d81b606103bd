// This module is browser compatible.
import type { Rpc } from "../contract/define_rpc.ts";
import type { CallEncoder } from "./call_encoder.ts";

/** What becomes of a place in the store. */
export const PlaceState = {
  /** Nothing is there any more. */
  Empty: 0,
  /** A call waits. */
  Waiting: 1,
  /** It goes out in this flush. */
  Going: 2,
} as const;

const FIRST_PLACES = 64;
const FIRST_BYTES = 2_048;

/**
 * Encoded calls in the order in which they came, in one buffer. Places become empty in
 * any order, and are closed up when as much is empty as is not, so that each call is
 * moved once on average. Memory is at most twice what the bounds say.
 */
export class CallStore {
  /** By place: which call. */
  rpcs: (Rpc | undefined)[] = [];
  /** By place: a `PlaceState`. */
  states: Uint8Array = new Uint8Array(FIRST_PLACES);
  /** By place: what may push it out. */
  classes: Uint16Array = new Uint16Array(FIRST_PLACES);
  /** By place: where its bytes begin. */
  starts: Int32Array = new Int32Array(FIRST_PLACES);
  /** By place: how many they are. */
  lengths: Int32Array = new Int32Array(FIRST_PLACES);
  /** By place: how many bytes of its key lie behind them. */
  keyLengths: Int32Array = new Int32Array(FIRST_PLACES);
  /** By place: by how much it weighs more than its bytes allow for. */
  excesses: Int32Array = new Int32Array(FIRST_PLACES);
  /** By place: the hash of its key. */
  hashes: Int32Array = new Int32Array(FIRST_PLACES);
  /** By place: the place before it in the chain of its hash; -1 ends it. */
  nexts: Int32Array = new Int32Array(FIRST_PLACES);
  /** By place: when it came, in milliseconds. */
  times: Float64Array = new Float64Array(FIRST_PLACES);
  /** The bytes of all. */
  bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  /** The place after the last one. */
  end = 0;
  /** How many calls there are. */
  count = 0;
  /** Their bytes, those of the keys included. */
  byteLength = 0;

  readonly #maxPlaces: number;
  readonly #maxBytes: number;
  #bytesEnd = 0;
  /** The last place of each chain of keys: a power of two of them. */
  #chains: Int32Array = new Int32Array(FIRST_PLACES).fill(-1);
  #hasKeys = false;

  constructor(maxCalls: number, maxBytes: number) {
    this.#maxPlaces = 2 * maxCalls;
    this.#maxBytes = 2 * maxBytes;
  }

  /**
   * The newest waiting call with the same key, of those from a place on.
   *
   * @returns Its place, or -1.
   */
  find(call: CallEncoder, from: number): number {
    if (!this.#hasKeys) return -1;
    const { keyHash, keyBytes, keyLength, rpc } = call;
    let at = this.#chains[keyHash & (this.#chains.length - 1)]!;
    for (; at >= from && at >= 0; at = this.nexts[at]!) {
      if (
        this.hashes[at] === keyHash && this.rpcs[at] === rpc &&
        this.keyLengths[at] === keyLength &&
        equals(
          this.bytes,
          this.starts[at]! + this.lengths[at]!,
          keyBytes,
          0,
          keyLength,
        )
      ) return at;
    }
    return -1;
  }

  /** Whether a call waits that came later and has the key of this one. */
  hasNewer(place: number): boolean {
    const hash = this.hashes[place]!;
    const length = this.keyLengths[place]!;
    const keyStart = this.starts[place]! + this.lengths[place]!;
    let at = this.#chains[hash & (this.#chains.length - 1)]!;
    for (; at > place; at = this.nexts[at]!) {
      if (
        this.hashes[at] === hash && this.rpcs[at] === this.rpcs[place] &&
        this.keyLengths[at] === length &&
        equals(
          this.bytes,
          this.starts[at]! + this.lengths[at]!,
          this.bytes,
          keyStart,
          length,
        )
      ) return true;
    }
    return false;
  }

  /**
   * Adds a call. There must be a place and bytes for it: see `makePlace()`.
   */
  append(call: CallEncoder, callClass: number, timeMs: number): void {
    const place = this.end++;
    const length = call.end - call.start;
    const { keyLength } = call;
    const start = this.#bytesEnd;
    copy(call.bytes, call.start, this.bytes, start, length);
    copy(call.keyBytes, 0, this.bytes, start + length, keyLength);
    this.#bytesEnd = start + length + keyLength;
    this.rpcs[place] = call.rpc;
    this.states[place] = PlaceState.Waiting;
    this.classes[place] = callClass;
    this.starts[place] = start;
    this.lengths[place] = length;
    this.keyLengths[place] = keyLength;
    this.excesses[place] = call.excess;
    this.times[place] = timeMs;
    this.count++;
    this.byteLength += length + keyLength;
    if (keyLength > 0) {
      this.hashes[place] = call.keyHash;
      this.#link(place);
    }
  }

  /** Takes a call out; its place stays until the next closing up. */
  remove(place: number): void {
    this.states[place] = PlaceState.Empty;
    this.rpcs[place] = undefined;
    this.count--;
    this.byteLength -= this.lengths[place]! + this.keyLengths[place]!;
    if (this.keyLengths[place]! > 0) this.#unlink(place);
    // What is replaced over and over, with nothing behind it, takes one place.
    while (this.end > 0 && this.states[this.end - 1] === PlaceState.Empty) {
      this.end--;
      this.#bytesEnd = this.starts[this.end]!;
    }
    if (this.count === 0) {
      this.end = 0;
      this.#bytesEnd = 0;
    }
  }

  /** Whether so much is empty that closing up is worth it. */
  get isSparse(): boolean {
    return this.end > 2 * this.count;
  }

  /**
   * Whether a call of so many bytes needs closing up; else there is room for it, made by
   * growing where needed.
   */
  makePlace(byteCount: number): boolean {
    if (this.end === this.states.length) {
      if (this.isSparse || this.end >= this.#maxPlaces) return true;
      this.#growPlaces();
    }
    const needed = this.#bytesEnd + byteCount;
    if (needed <= this.bytes.length) return false;
    if (
      needed > this.#maxBytes || this.#bytesEnd > 2 * this.byteLength
    ) return true;
    this.#growBytes(needed);
    return false;
  }

  /** Closes up all places that are empty; what was at place n is at most there. */
  compact(): void {
    let to = 0;
    let bytesEnd = 0;
    for (let place = 0; place < this.end; place++) {
      if (this.states[place] === PlaceState.Empty) continue;
      const start = this.starts[place]!;
      const length = this.lengths[place]! + this.keyLengths[place]!;
      if (start !== bytesEnd) {
        this.bytes.copyWithin(bytesEnd, start, start + length);
      }
      this.rpcs[to] = this.rpcs[place];
      this.states[to] = this.states[place]!;
      this.classes[to] = this.classes[place]!;
      this.starts[to] = bytesEnd;
      this.lengths[to] = this.lengths[place]!;
      this.keyLengths[to] = this.keyLengths[place]!;
      this.excesses[to] = this.excesses[place]!;
      this.hashes[to] = this.hashes[place]!;
      this.times[to] = this.times[place]!;
      bytesEnd += length;
      to++;
    }
    this.rpcs.length = to;
    this.end = to;
    this.#bytesEnd = bytesEnd;
    this.#linkAll();
  }

  #link(place: number): void {
    this.#hasKeys = true;
    const chain = this.hashes[place]! & (this.#chains.length - 1);
    this.nexts[place] = this.#chains[chain]!;
    this.#chains[chain] = place;
  }

  #unlink(place: number): void {
    const chain = this.hashes[place]! & (this.#chains.length - 1);
    let at = this.#chains[chain]!;
    if (at === place) {
      this.#chains[chain] = this.nexts[place]!;
      return;
    }
    while (this.nexts[at] !== place) at = this.nexts[at]!;
    this.nexts[at] = this.nexts[place]!;
  }

  #linkAll(): void {
    if (!this.#hasKeys) return;
    this.#hasKeys = false;
    this.#chains.fill(-1);
    for (let place = 0; place < this.end; place++) {
      if (
        this.keyLengths[place]! > 0 && this.states[place] !== PlaceState.Empty
      ) this.#link(place);
    }
  }

  #growPlaces(): void {
    const places = Math.min(this.#maxPlaces, 2 * this.states.length);
    this.states = filled(new Uint8Array(places), this.states);
    this.classes = filled(new Uint16Array(places), this.classes);
    this.starts = filled(new Int32Array(places), this.starts);
    this.lengths = filled(new Int32Array(places), this.lengths);
    this.keyLengths = filled(new Int32Array(places), this.keyLengths);
    this.excesses = filled(new Int32Array(places), this.excesses);
    this.hashes = filled(new Int32Array(places), this.hashes);
    this.nexts = filled(new Int32Array(places), this.nexts);
    this.times = filled(new Float64Array(places), this.times);
    this.#chains = new Int32Array(2 ** Math.ceil(Math.log2(places))).fill(-1);
    this.#linkAll();
  }

  #growBytes(needed: number): void {
    const larger = new Uint8Array(
      Math.min(this.#maxBytes, Math.max(needed, 2 * this.bytes.length)),
    );
    larger.set(this.bytes.subarray(0, this.#bytesEnd));
    this.bytes = larger;
  }
}

/** The first elements of an array, in a larger one. */
function filled<T extends { set(from: T): void }>(to: T, from: T): T {
  to.set(from);
  return to;
}

/** For the few bytes of a call, a loop is faster than `set()` of a view. */
function copy(
  from: Uint8Array,
  fromStart: number,
  to: Uint8Array,
  toStart: number,
  length: number,
): void {
  if (length > 64) {
    to.set(from.subarray(fromStart, fromStart + length), toStart);
    return;
  }
  for (let i = 0; i < length; i++) to[toStart + i] = from[fromStart + i]!;
}

function equals(
  a: Uint8Array,
  aStart: number,
  b: Uint8Array,
  bStart: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) {
    if (a[aStart + i] !== b[bStart + i]) return false;
  }
  return true;
}

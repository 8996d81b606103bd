// This module is browser compatible.
import { checkFinite, checkInteger } from "../../core/mod.ts";
import { FRAGMENT_TIMEOUT_MS } from "../constants.ts";
import { SeenNumbers } from "../message/seen_numbers.ts";
import { PartialMessage } from "./partial_message.ts";

/** Options for {@linkcode Fragmenter}. */
export interface FragmenterOptions {
  /**
   * How many bytes of the message each fragment has, but for the last one: 1 to 65,535.
   *
   * @default {1100}
   */
  readonly fragmentBytes?: number;
  /**
   * The longest message, in bytes, given or taken: 1 to 2^30.
   *
   * @default {1_048_576}
   */
  readonly maxMessageBytes?: number;
  /**
   * How many bytes of messages that are not whole are held, each counted whole from its
   * first fragment: `maxMessageBytes` or more. Beyond, the oldest ones are given up.
   *
   * @default {4_194_304}
   */
  readonly maxHeldBytes?: number;
  /**
   * How long a message waits for its other fragments, in milliseconds.
   *
   * @default {5000}
   */
  readonly timeoutMs?: number;
}

/** The most fragments of one message. */
export const MAX_FRAGMENTS = 65_535;
/** Bytes of a fragment of {@linkcode Fragmenter} before those of the message. */
export const FRAGMENT_HEADER_BYTES = 10;

/** How many messages back it is known which ones were whole. */
const WINDOW = 1024;

/**
 * Cuts messages into fragments that fit into datagrams, and puts them together again:
 * for what goes over a bare socket. A connection does it by itself.
 *
 * One end has one for each peer and direction or one for both directions. A fragment
 * says all about itself: the message's number (2 bytes, counted up and wrapping), its
 * length (4), the fragment's index (2), the bytes of every fragment but the last (2), all
 * little-endian, then the bytes. Fragments may come in any order, twice, or not at all.
 *
 * Bytes from outside are not trusted: what is malformed or contradicts an earlier
 * fragment is dropped and counted, and what is held has a bound in bytes and in age.
 *
 * @example A message in three fragments
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Fragmenter } from "@tickwire/net/transport";
 *
 * const here = new Fragmenter();
 * const there = new Fragmenter();
 * const [first, second, third] = here.fragment(new Uint8Array(2500).fill(7));
 *
 * assertEquals(there.receiveFragment(third!, 0), undefined);
 * assertEquals(there.receiveFragment(first!, 1), undefined);
 * assertEquals(there.receiveFragment(second!, 2), new Uint8Array(2500).fill(7));
 * ```
 */
export class Fragmenter {
  readonly #fragmentBytes: number;
  readonly #maxMessageBytes: number;
  readonly #maxHeldBytes: number;
  readonly #timeoutMs: number;
  #next = 0;
  #heldBytes = 0;
  #malformed = 0;
  #duplicates = 0;
  #abandoned = 0;
  /** Which messages were whole; not known before the first fragment came. */
  #seen: SeenNumbers | undefined;
  /** By number, oldest first. */
  readonly #partial = new Map<number, PartialMessage>();

  /**
   * Creates a fragmenter.
   *
   * @param options Sizes and bounds.
   * @throws {RangeError} If one of them is outside its range.
   */
  constructor(options: FragmenterOptions = {}) {
    this.#fragmentBytes = checkInteger(
      "fragmentBytes",
      options.fragmentBytes ?? 1100,
      1,
      0xffff,
    );
    this.#maxMessageBytes = checkInteger(
      "maxMessageBytes",
      options.maxMessageBytes ?? 0x10_0000,
      1,
      0x4000_0000,
    );
    this.#maxHeldBytes = checkInteger(
      "maxHeldBytes",
      options.maxHeldBytes ?? Math.max(0x40_0000, this.#maxMessageBytes),
      this.#maxMessageBytes,
      Number.MAX_SAFE_INTEGER,
    );
    this.#timeoutMs = checkFinite(
      "timeoutMs",
      options.timeoutMs ?? FRAGMENT_TIMEOUT_MS,
    );
  }

  /** Bytes of messages that are not whole, each counted whole. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** How many messages are not whole. */
  get pending(): number {
    return this.#partial.size;
  }

  /** Fragments that were dropped as they make no sense, or contradict an earlier one. */
  get malformed(): number {
    return this.#malformed;
  }

  /** Fragments that had come before, or whose message had. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** Messages that were given up: too old, or no room. */
  get abandoned(): number {
    return this.#abandoned;
  }

  /**
   * Cuts a message.
   *
   * @param message 0 to `maxMessageBytes` bytes.
   * @returns 1 to {@linkcode MAX_FRAGMENTS} fragments of
   * {@linkcode FRAGMENT_HEADER_BYTES} and at most `fragmentBytes` bytes. They belong to
   * the caller.
   * @throws {RangeError} If the message is too long, or would take too many fragments.
   */
  fragment(message: Uint8Array): Uint8Array[] {
    const { length } = message;
    const stride = this.#fragmentBytes;
    const max = Math.min(this.#maxMessageBytes, MAX_FRAGMENTS * stride);
    if (length > max) {
      throw new RangeError(
        `Cannot fragment a message as its length must be <= ${max}: current value is ${length}`,
      );
    }
    const number = this.#next;
    this.#next = (number + 1) & 0xffff;
    const fragments: Uint8Array[] = [];
    let from = 0;
    do {
      const part = message.subarray(from, from + stride);
      const fragment = new Uint8Array(FRAGMENT_HEADER_BYTES + part.length);
      const header = new DataView(fragment.buffer);
      header.setUint16(0, number, true);
      header.setUint32(2, length, true);
      header.setUint16(6, fragments.length, true);
      header.setUint16(8, stride, true);
      fragment.set(part, FRAGMENT_HEADER_BYTES);
      fragments.push(fragment);
      from += stride;
    } while (from < length);
    return fragments;
  }

  /**
   * Takes a fragment, whatever it is.
   *
   * @param fragment The bytes, which are copied.
   * @param nowMs The time in milliseconds.
   * @returns The message if it is whole now, which belongs to the caller; `undefined`
   * otherwise. Each message comes at most once.
   */
  receiveFragment(
    fragment: Uint8Array,
    nowMs: number,
  ): Uint8Array | undefined {
    if (fragment.length < FRAGMENT_HEADER_BYTES) return this.#refuse();
    const length = fragment[2]! | fragment[3]! << 8 | fragment[4]! << 16 |
      fragment[5]! << 24;
    const index = fragment[6]! | fragment[7]! << 8;
    const stride = fragment[8]! | fragment[9]! << 8;
    if (length < 0 || length > this.#maxMessageBytes || stride === 0) {
      return this.#refuse();
    }
    const from = index * stride;
    const count = Math.max(1, Math.ceil(length / stride));
    if (
      index >= count || count > MAX_FRAGMENTS ||
      fragment.length - FRAGMENT_HEADER_BYTES !==
        Math.min(stride, length - from)
    ) return this.#refuse();

    const low = fragment[0]! | fragment[1]! << 8;
    // Whoever begins to listen takes up the count where it is. One turn on, so that what was
    // overtaken is not below 0.
    const seen = this.#seen ??= new SeenNumbers(WINDOW, low + 0x1_0000);
    const number = seen.end + (((low - seen.end) << 16) >> 16);
    if (seen.has(number)) {
      this.#duplicates++;
      return undefined;
    }
    let partial = this.#partial.get(number);
    if (partial === undefined) {
      partial = this.#begin(number, length, stride, nowMs);
    } else if (
      partial.length !== length || partial.fragmentBytes !== stride
    ) {
      return this.#refuse();
    }
    if (
      !partial.take(index, fragment, FRAGMENT_HEADER_BYTES, fragment.length)
    ) {
      this.#duplicates++;
      return undefined;
    }
    if (partial.missing > 0) return undefined;
    this.#remove(number, partial);
    seen.note(number);
    return partial.bytes;
  }

  /**
   * Gives up messages that have waited too long for their other fragments. To be called
   * now and then.
   *
   * @param nowMs The time in milliseconds.
   * @returns How many messages it gave up.
   */
  gc(nowMs: number): number {
    const before = this.#abandoned;
    for (const [number, partial] of this.#partial) {
      if (partial.beganMs + this.#timeoutMs > nowMs) break;
      this.#remove(number, partial);
      this.#abandoned++;
    }
    return this.#abandoned - before;
  }

  #begin(
    number: number,
    length: number,
    stride: number,
    nowMs: number,
  ): PartialMessage {
    for (const [oldest, partial] of this.#partial) {
      if (
        this.#heldBytes + heldBytes(length, stride) <= this.#maxHeldBytes
      ) break;
      this.#remove(oldest, partial);
      this.#abandoned++;
    }
    const partial = new PartialMessage(length, stride, nowMs);
    this.#partial.set(number, partial);
    this.#heldBytes += heldBytes(length, stride);
    return partial;
  }

  #remove(number: number, partial: PartialMessage): void {
    this.#partial.delete(number);
    this.#heldBytes -= heldBytes(partial.length, partial.fragmentBytes);
  }

  #refuse(): undefined {
    this.#malformed++;
    return undefined;
  }
}

/** What a partial message takes: without the rest, ones of no bytes would cost nothing. */
function heldBytes(length: number, stride: number): number {
  return length + (Math.ceil(length / stride) >> 3) + 64;
}

// This module is browser compatible.
import { checkInteger } from "../../core/mod.ts";
import { HeldMessages } from "./_held_messages.ts";

/** Options for {@linkcode ReorderBuffer}. */
export interface ReorderBufferOptions {
  /**
   * The number of the first message: 0 to 4294967295.
   *
   * @default {0}
   */
  readonly first?: number;
  /**
   * How far ahead of the next message one may be to be held: 1 to 65,536.
   *
   * @default {16_384}
   */
  readonly maxAhead?: number;
  /**
   * How many bytes are held: 1 to 2^30.
   *
   * @default {4_194_304}
   */
  readonly maxBytes?: number;
}

/**
 * Puts numbered messages back in order: holds those that come early until all before
 * them have come. Each is handed out once.
 *
 * Numbers have 32 bits and wrap. The bytes lie in one ring; nothing is allocated for a
 * message but the view that hands it out.
 *
 * @example A message overtakes another
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { ReorderBuffer } from "@tickwire/net/transport";
 *
 * const buffer = new ReorderBuffer();
 * assert(buffer.insert(1, new Uint8Array([11])));
 * assertEquals(buffer.take(), undefined);
 * assert(buffer.insert(0, new Uint8Array([10])));
 * assertEquals(buffer.take(), new Uint8Array([10]));
 * assertEquals(buffer.take(), new Uint8Array([11]));
 * assertEquals(buffer.insert(1, new Uint8Array([11])), false); // had before
 * ```
 */
export class ReorderBuffer {
  readonly #maxAhead: number;
  readonly #maxBytes: number;
  readonly #held = new HeldMessages();
  /** Counts on beyond 32 bits. */
  #next: number;
  #refused = 0;

  /**
   * Creates an empty buffer.
   *
   * @param options Where it begins, and its bounds.
   * @throws {RangeError} If one of them is outside its range.
   */
  constructor(options: ReorderBufferOptions = {}) {
    this.#next = checkInteger("first", options.first ?? 0, 0, 0xffff_ffff);
    this.#maxAhead = checkInteger(
      "maxAhead",
      options.maxAhead ?? 16_384,
      1,
      0x1_0000,
    );
    this.#maxBytes = checkInteger(
      "maxBytes",
      options.maxBytes ?? 0x40_0000,
      1,
      0x4000_0000,
    );
  }

  /** The number of the message that {@linkcode ReorderBuffer.take} gives next: 0 to 4294967295. */
  get next(): number {
    return this.#next >>> 0;
  }

  /** How many messages are held. */
  get length(): number {
    return this.#held.length;
  }

  /** How many bytes they have. */
  get heldBytes(): number {
    return this.#held.heldBytes;
  }

  /** How many messages were refused as they were too far ahead, or there was no room. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Takes a message in.
   *
   * @param number Its number: 0 to 4294967295.
   * @param bytes The message, which is copied.
   * @returns `false` if it has come before (also if it was handed out), is too far ahead,
   * or there is no room. The next message always has room.
   */
  insert(number: number, bytes: Uint8Array): boolean {
    const distance = (number - this.#next) | 0;
    const whole = this.#next + distance;
    if (distance < 0 || this.#held.has(whole)) return false;
    const isOver = this.#held.heldBytes + bytes.length > this.#maxBytes;
    if (distance > this.#maxAhead || (isOver && distance > 0)) {
      this.#refused++;
      return false;
    }
    this.#held.put(whole, bytes, 0, bytes.length);
    return true;
  }

  /**
   * Hands out the next message.
   *
   * @returns Its bytes, good until the next {@linkcode ReorderBuffer.insert};
   * `undefined` if it has not come.
   */
  take(): Uint8Array | undefined {
    const held = this.#held;
    if (!held.has(this.#next)) return undefined;
    const bytes = held.view(this.#next);
    held.remove(this.#next++);
    return bytes;
  }

  /**
   * Drops what is held and begins anew.
   *
   * @param next The number of the next message: 0 to 4294967295.
   * @throws {RangeError} If it is none.
   */
  reset(next = 0): void {
    this.#next = checkInteger("next", next, 0, 0xffff_ffff);
    this.#held.clear();
  }
}

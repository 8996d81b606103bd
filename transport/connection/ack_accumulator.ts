// This module is browser compatible.
import { ACK_WINDOW } from "../constants.ts";
import { putVarint } from "./_varint.ts";

/** Ranges that are told of at most: those of the lowest numbers are forgotten first. */
const MAX_RANGES = 32;
const FIRST_RANGES = 2;
/** Numbers back from the largest for which duplicates are known: a power of two. */
const WINDOW = 2048;
const WINDOW_MASK = WINDOW - 1;
/** start, end (both included), and the first packet of this end that tells of the latest late arrival in it. */
const STRIDE = 3;
/** Ranges are written up to here in a packet, so that the largest fragment still fits behind them. */
const MAX_HEADER_BYTES = 64;
/** A gap, and a run of packets, that are as long as can be. */
const MAX_RANGE_BYTES = 10;
const DELAY_UNIT_MS = 0.25;

/** How an {@linkcode AckAccumulator} writes what arrived. */
export const AckForm = {
  /** There is nothing to tell. */
  None: 0,
  /** The largest and the 31 before it have all arrived. */
  Window: 1,
  /** Ranges. */
  Ranges: 2,
} as const;

/** One of the forms. */
export type AckForm = typeof AckForm[keyof typeof AckForm];

/**
 * What a receiver keeps of the packets that arrived: it drops what it has had, and
 * tells the sender, in each packet that it sends itself, until it knows that the
 * sender knows.
 *
 * Memory is bounded: duplicates are known for 2,048 numbers back from the largest
 * (what is older counts as had), and at most 32 ranges are told of.
 *
 * @example Tell of two packets, then of no more
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { AckAccumulator, AckForm } from "@tickwire/net/transport";
 *
 * const received = new AckAccumulator();
 * assert(received.isNew(1));
 * received.record(1, 10, 0);
 * assertEquals(received.isNew(1), false);
 *
 * // Packet 0 of this end tells of it, and is acknowledged.
 * assertEquals(received.form, AckForm.Ranges);
 * const header = new Uint8Array(16);
 * assertEquals(received.write(header, 0, 12), 5);
 * received.onTold(0, received.largest, received.toldFrom);
 * assertEquals(received.form, AckForm.None);
 * ```
 */
export class AckAccumulator {
  readonly #window = new Uint32Array(WINDOW / 32).fill(0xffff_ffff);
  // Rising numbers; the last range ends with the largest, unless it is told for good.
  #ranges = new Float64Array(FIRST_RANGES * STRIDE);
  #count = 0;
  #largest: number;
  #largestMs = 0;
  #toldFrom = 0;

  /**
   * Creates one that has received nothing.
   *
   * @param firstNumber The number of the sender's first packet: a safe integer, 0 or more.
   */
  constructor(firstNumber = 0) {
    this.#largest = firstNumber - 1;
  }

  /** The largest number that arrived; one below the first before any did. */
  get largest(): number {
    return this.#largest;
  }

  /** How many ranges wait to be told of: 0 to 32. */
  get rangeCount(): number {
    return this.#count;
  }

  /**
   * The lowest number that the last {@linkcode AckAccumulator.write} told of.
   */
  get toldFrom(): number {
    return this.#toldFrom;
  }

  /** How what there is to tell would be written now. */
  get form(): AckForm {
    if (this.#count === 0) return AckForm.None;
    if (
      this.#count > 1 || this.#ranges[0]! < this.#largest - (ACK_WINDOW - 1)
    ) {
      return AckForm.Ranges;
    }
    return this.#isWindowFull() ? AckForm.Window : AckForm.Ranges;
  }

  /**
   * Tells whether a packet is to be taken.
   *
   * @param number Its number.
   * @returns `false` if it has arrived, or may have: it is too old to tell.
   */
  isNew(number: number): boolean {
    if (number > this.#largest) return true;
    if (number <= this.#largest - WINDOW) return false;
    const bit = number & WINDOW_MASK;
    return (this.#window[bit >>> 5]! & (1 << (bit & 31))) === 0;
  }

  /**
   * Takes note of a packet that is new.
   *
   * @param number Its number, for which {@linkcode AckAccumulator.isNew} is true.
   * @param nowMs When it arrived.
   * @param nextNumber The number of the next packet that this end will send.
   * @returns Whether it came in turn: right after the largest. If not, the sender
   * wants to know soon.
   */
  record(number: number, nowMs: number, nextNumber: number): boolean {
    const largest = this.#largest;
    if (number < largest) {
      this.#setBit(number);
      this.#insert(number, nextNumber);
      return false;
    }
    const isNext = number === largest + 1;
    if (!isNext) this.#clearBits(largest + 1, number);
    this.#setBit(number);
    this.#largest = number;
    this.#largestMs = nowMs;
    const top = (this.#count - 1) * STRIDE;
    if (isNext && this.#count > 0 && this.#ranges[top + 1] === largest) {
      this.#ranges[top + 1] = number;
    } else {
      this.#open(this.#count, number, 0);
    }
    return isNext;
  }

  /**
   * Writes what is to be told, after section 2 of PROTOCOL.md: the largest number, the
   * delay, and ranges if {@linkcode AckAccumulator.form} is `Ranges`.
   *
   * @param out Where to: 64 bytes or more from its beginning.
   * @param offset From where on: below 16.
   * @param nowMs When the packet leaves.
   * @returns The offset after it.
   */
  write(out: Uint8Array, offset: number, nowMs: number): number {
    const form = this.form;
    if (form === AckForm.None) return offset;
    const ranges = this.#ranges;
    const largest = this.#largest;
    let at = (this.#count - 1) * STRIDE;
    let start = ranges[at]!;
    const end = ranges[at + 1]!;
    if (end < largest - 1) {
      // The largest is told for good, and what came late after it is not.
      start = largest;
      at += STRIDE;
    }
    out[offset] = largest;
    out[offset + 1] = (largest & 0xffff) >>> 8;
    out[offset + 2] = this.delayByte(nowMs);
    offset += 3;
    if (form === AckForm.Window) {
      this.#toldFrom = start;
      return offset;
    }
    const countAt = offset;
    offset = putVarint(out, offset + 1, largest - start);
    let count = 0;
    for (at -= STRIDE; at >= 0; at -= STRIDE) {
      if (offset > MAX_HEADER_BYTES - MAX_RANGE_BYTES) break;
      const end = ranges[at + 1]!;
      offset = putVarint(out, offset, start - end - 2);
      start = ranges[at]!;
      offset = putVarint(out, offset, end - start);
      count++;
    }
    out[countAt] = count;
    this.#toldFrom = start;
    return offset;
  }

  /**
   * The delay of what is told, as it is written: in units of 0.25 ms, at most 255.
   *
   * @param nowMs When the packet leaves.
   */
  delayByte(nowMs: number): number {
    // Never more than it was, or the RTT would come out below the path's.
    const units = Math.floor((nowMs - this.#largestMs) / DELAY_UNIT_MS);
    return units < 255 ? units : 255;
  }

  /**
   * A packet of this end that told of something was acknowledged: that needs no more telling.
   *
   * @param number That packet's number.
   * @param largest The largest number that it told of.
   * @param from The lowest number that it told of.
   */
  onTold(number: number, largest: number, from: number): void {
    const ranges = this.#ranges;
    let kept = 0;
    for (let i = 0; i < this.#count; i++) {
      const at = i * STRIDE;
      let start = ranges[at]!;
      const end = ranges[at + 1]!;
      const lateAt = ranges[at + 2]!;
      // What arrived late in a range after the packet had left, it did not tell of.
      if (lateAt <= number && start >= from) {
        if (end <= largest) continue;
        if (start <= largest) start = largest + 1;
      }
      const to = kept++ * STRIDE;
      ranges[to] = start;
      ranges[to + 1] = end;
      ranges[to + 2] = lateAt;
    }
    this.#count = kept;
  }

  #isWindowFull(): boolean {
    const bit = (this.#largest - 31) & WINDOW_MASK;
    const word = bit >>> 5;
    const shift = bit & 31;
    const low = this.#window[word]!;
    if (shift === 0) return low === 0xffff_ffff;
    const high = this.#window[(word + 1) & (WINDOW / 32 - 1)]!;
    return ((low >>> shift) | (high << (32 - shift))) === -1;
  }

  #setBit(number: number): void {
    const bit = number & WINDOW_MASK;
    this.#window[bit >>> 5]! |= 1 << (bit & 31);
  }

  /** Forgets what stood in the window where `from` to `to` (excluded) go. */
  #clearBits(from: number, to: number): void {
    if (to - from >= WINDOW - 1) {
      this.#window.fill(0);
      return;
    }
    for (let number = from; number < to;) {
      const bit = number & WINDOW_MASK;
      if ((bit & 31) === 0 && to - number >= 32) {
        this.#window[bit >>> 5] = 0;
        number += 32;
      } else {
        this.#window[bit >>> 5]! &= ~(1 << (bit & 31));
        number++;
      }
    }
  }

  /** Adds a number below the largest. */
  #insert(number: number, nextNumber: number): void {
    const ranges = this.#ranges;
    let above = this.#count;
    while (above > 0 && ranges[(above - 1) * STRIDE]! > number) above--;
    const below = above - 1;
    const joinsBelow = below >= 0 &&
      ranges[below * STRIDE + 1] === number - 1;
    const joinsAbove = above < this.#count &&
      ranges[above * STRIDE] === number + 1;
    if (joinsBelow) {
      const at = below * STRIDE;
      ranges[at + 1] = number;
      ranges[at + 2] = nextNumber;
      if (!joinsAbove) return;
      ranges[at + 1] = ranges[above * STRIDE + 1]!;
      this.#close(above);
    } else if (joinsAbove) {
      ranges[above * STRIDE] = number;
      ranges[above * STRIDE + 2] = nextNumber;
    } else {
      this.#open(above, number, nextNumber);
    }
  }

  /** Makes a range of one number at `index`. */
  #open(index: number, number: number, lateAt: number): void {
    if (this.#count === MAX_RANGES) {
      if (index === 0) return;
      this.#close(0);
      index--;
    }
    if (this.#count * STRIDE === this.#ranges.length) {
      const ranges = new Float64Array(this.#ranges.length * 2);
      ranges.set(this.#ranges);
      this.#ranges = ranges;
    }
    const at = index * STRIDE;
    this.#ranges.copyWithin(at + STRIDE, at, this.#count * STRIDE);
    this.#ranges[at] = number;
    this.#ranges[at + 1] = number;
    this.#ranges[at + 2] = lateAt;
    this.#count++;
  }

  #close(index: number): void {
    this.#ranges.copyWithin(
      index * STRIDE,
      (index + 1) * STRIDE,
      this.#count * STRIDE,
    );
    this.#count--;
  }
}

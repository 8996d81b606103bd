// This module is browser compatible.
import {
  BitReader,
  ByteReader,
  isUtf8,
  type ReadError,
} from "../../protocol/mod.ts";
import {
  F32,
  F32_EXPONENT,
  F32_NAN,
  F32_WORD,
  F64,
  F64_EXPONENT,
  F64_NAN_HIGH,
  F64_WORDS,
  HIGH,
  LOW,
} from "./_float_words.ts";
import { asciiText, MAX_ASCII_BYTES } from "./_ascii_text.ts";
import { CELL, END, type Op, type Plan, type Step } from "./_plan.ts";
import { excessOf, MAX_EXCESS, WEIGHT_PER_BYTE } from "./_weight.ts";

/** Why a value cannot be read: it is none, or too heavy for the packet's bytes. */
export type PlanFault = ReadError | "memory";

const NO_BYTES = new Uint8Array(0);
/** What all structs without properties are read as. */
const NO_VALUES: Readonly<Record<string, unknown>> = Object.freeze({});
const TWO_27 = 2 ** 27;
const TWO_28 = 2 ** 28;
const MAX_VARINT_BYTES = 8;
/** What lies above the low 28 bits of a varint stays below: 53 bits in all. */
const VARINT_HIGH_END = 2 ** 25;
/** The same for a zigzag form, which has the sign as a 54th bit. */
const ZIGZAG_HIGH_END = 2 ** 26;

const PARTS = new Uint32Array(4);
// Without `fatal`: what reaches it was checked, and a throw costs microseconds. A
// byte order mark is text like any other here.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

type Values = Record<string, unknown>;

/**
 * Reads values as their plans say, from bytes that may come from anybody. The first
 * thing that is wrong is in `error`; what was read until then means nothing.
 */
export class PlanReader {
  /** Why reading stopped. It stays until the next `reset()`. */
  error: PlanFault | undefined = undefined;
  /** Where the next read begins. */
  at = 0;
  /** Where what may be read ends. */
  end = 0;
  #bytes: Uint8Array = NO_BYTES;
  /** Bits of the byte that was begun, and how many: 0 to 7. */
  #pending = 0;
  #count = 0;
  #low = 0;
  #high = 0;
  /** What the value that is read weighs so far, and what it may. */
  #weight = 0;
  #maxWeight = 0;
  /** What is left of the excess that the packet may have. */
  #excessLeft = 0;
  /** For what is rare: the fields' own way. */
  readonly #reader = new ByteReader();
  readonly #bits = new BitReader(this.#reader);

  /**
   * Begins to read other bytes.
   *
   * @param bytes What to read, which is not copied.
   */
  reset(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.at = 0;
    this.end = bytes.length;
    this.error = undefined;
    this.#pending = 0;
    this.#count = 0;
    this.#excessLeft = MAX_EXCESS;
  }

  /** Lets go of the bytes. */
  release(): void {
    this.#bytes = NO_BYTES;
  }

  /**
   * Stops reading. The first error stays.
   *
   * @param error Why.
   */
  fail(error: PlanFault): void {
    this.error ??= error;
  }

  /**
   * Reads a byte.
   *
   * @returns 0 to 255; -1 at the end.
   */
  u8(): number {
    return this.at < this.end ? this.#bytes[this.at++]! : -1;
  }

  /**
   * Reads a varint.
   *
   * @returns 0 to 2^53 - 1; -1 if there is none.
   */
  varint(): number {
    const at = this.at;
    const first = at < this.end ? this.#bytes[at]! : 0x80;
    if (first < 0x80) {
      this.at = at + 1;
      return first;
    }
    return this.#wide(VARINT_HIGH_END) ? this.#low + this.#high * TWO_28 : -1;
  }

  /**
   * Reads text that is as long as it is.
   *
   * @param byteLength Its bytes, which are there.
   * @returns The text.
   */
  text(byteLength: number): string {
    return this.#text(byteLength) ?? "";
  }

  /**
   * Reads a value, and the zeros to the end of its last byte.
   *
   * @param plan How.
   * @returns The value, which is the caller's own but for a struct without properties.
   */
  read(plan: Plan): unknown {
    const { first } = plan;
    if (first === undefined) return this.#readField(plan);
    if (first === END) return NO_VALUES;
    const start = this.at;
    this.#weight = plan.weight;
    this.#maxWeight = plan.isLight
      ? Infinity
      : this.#excessLeft + WEIGHT_PER_BYTE * (this.end - start);
    const values: Values = {};
    this.#read(first, values);
    if (!plan.isLight) this.#takeExcess(this.at - start);
    return plan.isStruct ? values : values[CELL];
  }

  #takeExcess(bytes: number): void {
    this.#excessLeft -= excessOf(this.#weight, bytes);
    if (this.#excessLeft < 0) this.fail("memory");
  }

  #readField(plan: Plan): unknown {
    const reader = this.#reader;
    reader.reset(this.#bytes, this.at, this.end);
    const value = plan.field.read(this.#bits);
    this.#bits.align();
    this.at = reader.position;
    if (reader.error !== undefined) {
      this.fail(reader.error);
      // Without the bits that were begun.
      this.#bits.reset(NO_BYTES);
    }
    reader.reset(NO_BYTES);
    return value;
  }

  /** Fills `into` with the properties of the steps; stops at the first error. */
  #read(first: Step, into: Values): void {
    const bytes = this.#bytes;
    const end = this.end;
    for (let step = first;; step = step.next) {
      const at = this.at;
      switch (step.op) {
        case 8 satisfies typeof Op.Zigzag: {
          const first = at < end ? bytes[at]! : 0x80;
          if (first < 0x80) {
            this.at = at + 1;
            into[step.name] = (first >>> 1) ^ -(first & 1);
          } else into[step.name] = this.#zigzag();
          break;
        }
        case 7 satisfies typeof Op.Varint:
          into[step.name] = this.varint();
          break;
        case 9 satisfies typeof Op.F32: {
          if (at + 4 > end) return this.fail("truncated");
          F32_WORD[0] = word(bytes, at);
          into[step.name] = F32[0]!;
          this.at = at + 4;
          this.#checkF32(F32_WORD[0]!);
          break;
        }
        case 12 satisfies typeof Op.Vec3: {
          if (at + 12 > end) return this.fail("truncated");
          const xs = word(bytes, at);
          const ys = word(bytes, at + 4);
          const zs = word(bytes, at + 8);
          F32_WORD[0] = xs;
          const x = F32[0]!;
          F32_WORD[0] = ys;
          const y = F32[0]!;
          F32_WORD[0] = zs;
          const z = F32[0]!;
          this.at = at + 12;
          this.#checkF32(xs);
          this.#checkF32(ys);
          this.#checkF32(zs);
          into[step.name] = { x, y, z };
          break;
        }
        case 11 satisfies typeof Op.Vec2: {
          if (at + 8 > end) return this.fail("truncated");
          const xs = word(bytes, at);
          const ys = word(bytes, at + 4);
          F32_WORD[0] = xs;
          const x = F32[0]!;
          F32_WORD[0] = ys;
          const y = F32[0]!;
          this.at = at + 8;
          this.#checkF32(xs);
          this.#checkF32(ys);
          into[step.name] = { x, y };
          break;
        }
        case 13 satisfies typeof Op.String: {
          const length = this.#length(step.max);
          if (length < 0) return;
          into[step.name] = this.#text(length);
          break;
        }
        case 15 satisfies typeof Op.Bool:
          into[step.name] = this.#take(1) === 1;
          break;
        case 16 satisfies typeof Op.Ranged: {
          const value = step.min + this.#take(step.width);
          if (value > step.max) return this.fail("range");
          into[step.name] = value;
          break;
        }
        case 0 satisfies typeof Op.U8:
          if (at >= end) return this.fail("truncated");
          into[step.name] = bytes[at]!;
          this.at = at + 1;
          break;
        case 1 satisfies typeof Op.U16:
          if (at + 2 > end) return this.fail("truncated");
          into[step.name] = bytes[at]! | (bytes[at + 1]! << 8);
          this.at = at + 2;
          break;
        case 2 satisfies typeof Op.U32:
          if (at + 4 > end) return this.fail("truncated");
          into[step.name] = word(bytes, at) >>> 0;
          this.at = at + 4;
          break;
        case 3 satisfies typeof Op.I8:
          if (at >= end) return this.fail("truncated");
          into[step.name] = bytes[at]! << 24 >> 24;
          this.at = at + 1;
          break;
        case 4 satisfies typeof Op.I16:
          if (at + 2 > end) return this.fail("truncated");
          into[step.name] = (bytes[at]! | (bytes[at + 1]! << 8)) << 16 >> 16;
          this.at = at + 2;
          break;
        case 5 satisfies typeof Op.I32:
          if (at + 4 > end) return this.fail("truncated");
          into[step.name] = word(bytes, at);
          this.at = at + 4;
          break;
        case 6 satisfies typeof Op.U64:
          if (at + 8 > end) return this.fail("truncated");
          into[step.name] = {
            low: word(bytes, at) >>> 0,
            high: word(bytes, at + 4) >>> 0,
          };
          this.at = at + 8;
          break;
        case 10 satisfies typeof Op.F64: {
          if (at + 8 > end) return this.fail("truncated");
          const low = word(bytes, at);
          const high = word(bytes, at + 4);
          F64_WORDS[LOW] = low;
          F64_WORDS[HIGH] = high;
          if ((high & F64_EXPONENT) === F64_EXPONENT) {
            const isNaN = low !== 0 || (high & 0xfffff) !== 0;
            const isOurs = low === 0 && high === F64_NAN_HIGH;
            return this.fail(isNaN && !isOurs ? "nan" : "range");
          }
          into[step.name] = F64[0]!;
          this.at = at + 8;
          break;
        }
        case 14 satisfies typeof Op.Bytes: {
          const length = this.#length(step.max);
          if (length < 0) return;
          const copy = new Uint8Array(length);
          copy.set(bytes.subarray(this.at, this.at + length));
          this.at += length;
          into[step.name] = copy;
          break;
        }
        case 17 satisfies typeof Op.Float: {
          const quantizer = step.quantizer!;
          const index = this.#take(step.width);
          if (index > quantizer.maxIndex) return this.fail("range");
          into[step.name] = quantizer.fromIndex(index);
          break;
        }
        case 18 satisfies typeof Op.Angle:
          into[step.name] = step.angle!.fromIndex(this.#take(step.width));
          break;
        case 19 satisfies typeof Op.Quat: {
          PARTS[0] = this.#take(2);
          for (let k = 1; k < 4; k++) PARTS[k] = this.#take(step.width);
          if (this.error !== undefined) return;
          const rotation = { x: 0, y: 0, z: 0, w: 1 };
          if (!step.quat!.fromParts(PARTS, rotation)) return this.fail("range");
          into[step.name] = rotation;
          break;
        }
        case 20 satisfies typeof Op.Floats:
          into[step.name] = this.#floats(step);
          break;
        case 21 satisfies typeof Op.Choice: {
          const number = this.#take(step.width);
          if (number > step.max) return this.fail("range");
          into[step.name] = step.words![number];
          break;
        }
        case 22 satisfies typeof Op.List:
          into[step.name] = this.#list(step);
          break;
        case 23 satisfies typeof Op.Struct: {
          const first = step.first!;
          const values: Values = first === END ? NO_VALUES : {};
          this.#read(first, values);
          into[step.name] = values;
          break;
        }
        case 24 satisfies typeof Op.Optional:
          if (this.#take(1) === 0) {
            if (this.error !== undefined) return;
            into[step.name] = undefined;
            step = step.last;
          }
          break;
        case 25 satisfies typeof Op.Align:
          if (this.#pending !== 0) return this.fail("padding");
          this.#count = 0;
          break;
        case 26 satisfies typeof Op.End:
          return;
      }
      if (this.error !== undefined) return;
    }
  }

  /** A false number costs nothing: what is left must be able to hold so many. */
  #list(step: Step): unknown[] | undefined {
    const length = this.#take(step.width);
    if (length > step.max) {
      this.fail("range");
      return undefined;
    }
    if (length * step.elementBits > (this.end - this.at) * 8 + this.#count) {
      this.fail("truncated");
      return undefined;
    }
    this.#weight += length * step.elementWeight;
    if (this.#weight > this.#maxWeight) {
      this.fail("memory");
      return undefined;
    }
    // As long as it will be: one that grows may have several times the room it needs.
    const values: unknown[] = new Array(length);
    const cell: Values = {};
    for (let k = 0; k < length; k++) {
      this.#read(step.first!, cell);
      if (this.error !== undefined) return undefined;
      values[k] = cell[CELL];
    }
    return values;
  }

  #floats({ quantizers }: Step): unknown {
    const x = this.#float(quantizers!, 0);
    const y = this.#float(quantizers!, 1);
    return quantizers!.length === 2
      ? { x, y }
      : { x, y, z: this.#float(quantizers!, 2) };
  }

  #float(quantizers: NonNullable<Step["quantizers"]>, k: number): number {
    const quantizer = quantizers[k]!;
    const index = this.#take(quantizer.bits);
    if (index > quantizer.maxIndex) {
      this.fail("range");
      return 0;
    }
    return quantizer.fromIndex(index);
  }

  /** Infinities and NaNs are refused. */
  #checkF32(bits: number): void {
    if ((bits & F32_EXPONENT) !== F32_EXPONENT) return;
    const isNaN = (bits & 0x7fffff) !== 0;
    this.fail(isNaN && (bits | 0) !== F32_NAN ? "nan" : "range");
  }

  /** How long what follows is, which is there; -1 if not. */
  #length(maxBytes: number): number {
    const length = this.varint();
    if (length < 0) return -1;
    if (length > maxBytes) this.fail("range");
    else if (length > this.end - this.at) this.fail("truncated");
    else return length;
    return -1;
  }

  #text(byteLength: number): string | undefined {
    const bytes = this.#bytes;
    const start = this.at;
    const end = start + byteLength;
    if (byteLength <= MAX_ASCII_BYTES) {
      let at = start;
      while (at < end && bytes[at]! < 0x80) at += 1;
      if (at === end) {
        this.at = end;
        return asciiText(bytes, start, byteLength);
      }
    }
    if (!isUtf8(bytes, start, end)) {
      this.fail("utf8");
      return undefined;
    }
    this.at = end;
    return decoder.decode(bytes.subarray(start, end));
  }

  #zigzag(): number {
    if (!this.#wide(ZIGZAG_HIGH_END)) return 0;
    // Halved in two parts, as the whole may have 54 bits.
    const magnitude = (this.#low >>> 1) + this.#high * TWO_27;
    if ((this.#low & 1) === 0) return magnitude;
    if (magnitude < Number.MAX_SAFE_INTEGER) return -magnitude - 1;
    this.fail("range");
    return 0;
  }

  /**
   * Reads a varint of any length into `#low`, its low 28 bits, and `#high`, the
   * rest, which must be below `highEnd`.
   */
  #wide(highEnd: number): boolean {
    const bytes = this.#bytes;
    const start = this.at;
    let low = 0;
    let high = 0;
    // The ninth byte would be above what any number here can have.
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      if (start + i >= this.end) return this.#refuse("truncated");
      const byte = bytes[start + i]!;
      if (i < 4) low |= (byte & 0x7f) << (7 * i);
      else high |= (byte & 0x7f) << (7 * i - 28);
      if (byte > 0x7f) continue;
      if (byte === 0 && i > 0) return this.#refuse("overlong");
      if (high >= highEnd) break;
      this.#low = low;
      this.#high = high;
      this.at = start + i + 1;
      return true;
    }
    return this.#refuse("range");
  }

  #refuse(error: ReadError): false {
    this.fail(error);
    return false;
  }

  /** Reads bits, 1 to 32 of them. */
  #take(width: number): number {
    if (width <= 24) return this.#takeFew(width);
    const low = this.#takeFew(16);
    return ((this.#takeFew(width - 16) << 16) | low) >>> 0;
  }

  /** Up to 24 bits. */
  #takeFew(width: number): number {
    let pending = this.#pending;
    let count = this.#count;
    if (count < width) {
      let at = this.at;
      const next = at + ((width - count + 7) >>> 3);
      if (next > this.end) {
        this.fail("truncated");
        return 0;
      }
      // Never more than 31 bits: 7 are left over, at most, of what was taken.
      for (; at < next; at++) {
        pending |= this.#bytes[at]! << count;
        count += 8;
      }
      this.at = next;
    }
    this.#pending = pending >>> width;
    this.#count = count - width;
    return pending & ((1 << width) - 1);
  }
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) |
    (bytes[at + 3]! << 24);
}

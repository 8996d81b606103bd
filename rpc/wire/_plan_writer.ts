// This module is browser compatible.
import {
  BitWriter,
  ByteWriter,
  type Quat,
  type U64,
  utf8Length,
  type Vec2,
  type Vec3,
} from "../../protocol/mod.ts";
import type { Op, Plan, Step } from "./_plan.ts";
import { putVarint } from "./_varint.ts";

/** Instead of a place: there is no room. */
export const FULL = -1;
/** Instead of a place: a value that its field does not allow. */
export const RANGE = -2;
/** Instead of a place: a value that is too heavy for its bytes. */
export const HEAVY = -3;

/**
 * How far may be written behind the limit before it is found out: what is before a
 * value, and one step of it.
 */
const SLACK_BYTES = 64;
/** Up to here characters are taken one by one, and the length has one byte. */
const SHORT_UNITS = 64;

/** From here on, half a step above the largest float, the nearest one is infinite. */
const F32_END = 2 ** 128 - 2 ** 103;

type Values = Readonly<Record<string, unknown>>;

const NOTHING: Values = Object.freeze({});
const PARTS = new Uint32Array(4);

/**
 * Writes values as their plans say, the bytes that their fields would write, into one
 * buffer, anywhere.
 */
export class PlanWriter {
  /** Where it writes; larger than what may be used. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The same bytes: one view for as long as they serve. */
  #view: DataView;
  /** Where what is written must end. */
  #limit: number;
  readonly #maxBytes: number;
  /** What the value that was written last weighs, unless it is light. */
  weight = 0;
  /** Bits that do not fill a byte yet, and how many: 0 to 7. */
  #pending = 0;
  #count = 0;
  /** For what is rare: the fields' own way. */
  #writer: ByteWriter;
  #bits: BitWriter;
  readonly #cell: { value: unknown } = { value: undefined };

  constructor(initialBytes: number, maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#limit = Math.min(initialBytes, maxBytes);
    this.bytes = new Uint8Array(this.#limit + SLACK_BYTES);
    this.#view = new DataView(this.bytes.buffer);
    this.#writer = ByteWriter.over(this.bytes);
    this.#bits = new BitWriter(this.#writer);
  }

  /**
   * Makes the buffer twice as large.
   *
   * @returns `false` if it is as large as it may be.
   */
  grow(): boolean {
    if (this.#limit >= this.#maxBytes) return false;
    this.#limit = Math.min(this.#maxBytes, this.#limit * 2);
    const larger = new Uint8Array(this.#limit + SLACK_BYTES);
    larger.set(this.bytes);
    this.bytes = larger;
    this.#view = new DataView(larger.buffer);
    this.#writer = ByteWriter.over(larger);
    this.#bits = new BitWriter(this.#writer);
    return true;
  }

  /** Forgets the bits of a value that was refused. */
  clear(): void {
    this.#pending = 0;
    this.#count = 0;
  }

  /**
   * Writes a value, and zeros to the end of its last byte.
   *
   * @param plan How.
   * @param value What.
   * @param at Where to.
   * @returns Where it ends, or why it cannot be written.
   */
  write(plan: Plan, value: unknown, at: number): number {
    const { first } = plan;
    if (first === undefined) return this.#writeField(plan, value, at);
    this.weight = plan.weight;
    const end = plan.isStruct
      ? this.writeSteps(first, value as Values, at)
      : this.#writeCell(first, value, at);
    if (end < 0) this.clear();
    return end;
  }

  #writeCell(first: Step, value: unknown, at: number): number {
    const cell = this.#cell;
    cell.value = value;
    const end = this.writeSteps(first, cell, at);
    cell.value = undefined;
    return end;
  }

  #writeField(plan: Plan, value: unknown, at: number): number {
    const writer = this.#writer;
    writer.length = at;
    plan.field.write(this.#bits, value);
    this.#bits.align();
    return this.#lengthOf(writer);
  }

  /** Where the writer stands, or why it stopped: it is good for the next value. */
  #lengthOf(writer: ByteWriter): number {
    const { error, length } = writer;
    if (error === undefined) return length > this.#limit ? FULL : length;
    this.#bits.reset();
    return error === "full" ? FULL : RANGE;
  }

  /**
   * Writes the properties of an object.
   *
   * @param first How: the first step, of a plan that ends with a whole byte.
   * @param given The object.
   * @param start Where to.
   * @returns Where it ends, or why it cannot be written: then `clear()` comes next.
   */
  writeSteps(
    first: Step,
    given: Values | undefined,
    start: number,
  ): number {
    const values = given ?? NOTHING;
    const limit = this.#limit | 0;
    const bytes = this.bytes;
    const view = this.#view;
    let at = start | 0;
    for (let step = first;; step = step.next) {
      if (at > limit) return FULL;
      // Each kind looks up its own value, so that what the engine learns of the
      // values of one kind does not slow down the others.
      switch (step.op) {
        case 8 satisfies typeof Op.Zigzag: {
          const value = values[step.name];
          if (typeof value !== "number") return RANGE;
          if ((value | 0) === value) {
            const form = ((value << 1) ^ (value >> 31)) >>> 0;
            if (form < 0x80) {
              bytes[at] = form;
              at = (at + 1) | 0;
            } else if (form < 0x4000) {
              bytes[at] = form | 0x80;
              bytes[at + 1] = form >>> 7;
              at = (at + 2) | 0;
            } else at = putVarint(bytes, at, form) | 0;
          } else {
            if (!Number.isSafeInteger(value)) return RANGE;
            const sign = value < 0 ? 1 : 0;
            const magnitude = value < 0 ? -(value + 1) : value;
            // Doubled, it may leave the integers that a double holds: the first
            // seven bits are written apart.
            const rest = Math.floor(magnitude / 64);
            bytes[at++] = 0x80 | ((magnitude - rest * 64) * 2 + sign);
            at = putVarint(bytes, at, rest) | 0;
          }
          break;
        }
        case 7 satisfies typeof Op.Varint: {
          const value = values[step.name];
          if (typeof value !== "number") return RANGE;
          if ((value & 0x7f) === value) bytes[at++] = value;
          else if (Number.isSafeInteger(value) && value >= 0) {
            at = putVarint(bytes, at, value) | 0;
          } else return RANGE;
          break;
        }
        case 9 satisfies typeof Op.F32: {
          const value = values[step.name];
          if (typeof value !== "number" || !isFinite32(value)) return RANGE;
          view.setFloat32(at, value, true);
          at = (at + 4) | 0;
          break;
        }
        case 12 satisfies typeof Op.Vec3: {
          const value = values[step.name] as Vec3 | undefined;
          if (value === undefined || value === null) return RANGE;
          const { x, y, z } = value;
          if (
            typeof x !== "number" || !isFinite32(x) ||
            typeof y !== "number" || !isFinite32(y) ||
            typeof z !== "number" || !isFinite32(z)
          ) return RANGE;
          view.setFloat32(at, x, true);
          view.setFloat32(at + 4, y, true);
          view.setFloat32(at + 8, z, true);
          at = (at + 12) | 0;
          break;
        }
        case 11 satisfies typeof Op.Vec2: {
          const value = values[step.name] as Vec2 | undefined;
          if (value === undefined || value === null) return RANGE;
          const { x, y } = value;
          if (
            typeof x !== "number" || !isFinite32(x) ||
            typeof y !== "number" || !isFinite32(y)
          ) return RANGE;
          view.setFloat32(at, x, true);
          view.setFloat32(at + 4, y, true);
          at = (at + 8) | 0;
          break;
        }
        case 13 satisfies typeof Op.String: {
          const value = values[step.name];
          if (typeof value !== "string") return RANGE;
          const units = value.length;
          // A unit takes at least a byte.
          if (units > step.max) return RANGE;
          if (units <= SHORT_UNITS) {
            if (at + units >= limit) return FULL;
            let k = 0;
            let to = at + 1;
            for (; k + 4 <= units; k += 4, to += 4) {
              const a = value.charCodeAt(k);
              const b = value.charCodeAt(k + 1);
              const c = value.charCodeAt(k + 2);
              const d = value.charCodeAt(k + 3);
              if ((a | b | c | d) > 0x7f) break;
              view.setInt32(to, a | b << 8 | c << 16 | d << 24, true);
            }
            for (; k < units; k++) {
              const unit = value.charCodeAt(k);
              if (unit > 0x7f) break;
              bytes[to++] = unit;
            }
            if (k === units) {
              bytes[at] = units;
              at = (at + units + 1) | 0;
              break;
            }
          }
          if (units * 3 > step.max && utf8Length(value) > step.max) {
            return RANGE;
          }
          const writer = this.#writer;
          writer.length = at;
          writer.string(value);
          at = this.#lengthOf(writer) | 0;
          if (at < 0) return at;
          break;
        }
        case 15 satisfies typeof Op.Bool:
          at = this.#put(at, values[step.name] ? 1 : 0, 1) | 0;
          break;
        case 16 satisfies typeof Op.Ranged: {
          const value = values[step.name];
          if (typeof value !== "number") return RANGE;
          const index = value - step.min;
          // What is no integer fails here as well: `>>>` makes another number of it.
          if (index >>> 0 !== index || value > step.max) return RANGE;
          at = this.#put(at, index, step.width) | 0;
          break;
        }
        case 0 satisfies typeof Op.U8: {
          const value = values[step.name];
          if (typeof value !== "number" || (value & 0xff) !== value) {
            return RANGE;
          }
          bytes[at++] = value;
          break;
        }
        case 1 satisfies typeof Op.U16: {
          const value = values[step.name];
          if (typeof value !== "number" || (value & 0xffff) !== value) {
            return RANGE;
          }
          view.setUint16(at, value, true);
          at = (at + 2) | 0;
          break;
        }
        case 2 satisfies typeof Op.U32: {
          const value = values[step.name];
          if (typeof value !== "number" || value >>> 0 !== value) return RANGE;
          view.setUint32(at, value, true);
          at = (at + 4) | 0;
          break;
        }
        case 3 satisfies typeof Op.I8: {
          const value = values[step.name];
          if (typeof value !== "number" || value << 24 >> 24 !== value) {
            return RANGE;
          }
          bytes[at++] = value;
          break;
        }
        case 4 satisfies typeof Op.I16: {
          const value = values[step.name];
          if (typeof value !== "number" || value << 16 >> 16 !== value) {
            return RANGE;
          }
          view.setUint16(at, value, true);
          at = (at + 2) | 0;
          break;
        }
        case 5 satisfies typeof Op.I32: {
          const value = values[step.name];
          if (typeof value !== "number" || (value | 0) !== value) return RANGE;
          view.setUint32(at, value, true);
          at = (at + 4) | 0;
          break;
        }
        case 6 satisfies typeof Op.U64: {
          const value = values[step.name] as U64 | undefined;
          const low = value?.low;
          const high = value?.high;
          if (
            typeof low !== "number" || low >>> 0 !== low ||
            typeof high !== "number" || high >>> 0 !== high
          ) return RANGE;
          view.setUint32(at, low, true);
          view.setUint32(at + 4, high, true);
          at = (at + 8) | 0;
          break;
        }
        case 10 satisfies typeof Op.F64: {
          const value = values[step.name];
          // Of infinities and NaN the difference is NaN.
          if (typeof value !== "number" || value - value !== 0) return RANGE;
          view.setFloat64(at, value, true);
          at = (at + 8) | 0;
          break;
        }
        case 14 satisfies typeof Op.Bytes: {
          const value = values[step.name];
          if (!(value instanceof Uint8Array) || value.length > step.max) {
            return RANGE;
          }
          at = putVarint(bytes, at, value.length) | 0;
          if (at + value.length > limit) return FULL;
          bytes.set(value, at);
          at = (at + value.length) | 0;
          break;
        }
        case 17 satisfies typeof Op.Float: {
          const value = values[step.name];
          if (typeof value !== "number") return RANGE;
          const index = step.quantizer!.toIndex(value);
          if (index < 0) return RANGE;
          at = this.#put(at, index, step.width) | 0;
          break;
        }
        case 18 satisfies typeof Op.Angle: {
          const value = values[step.name];
          if (typeof value !== "number") return RANGE;
          const index = step.angle!.toIndex(value);
          if (index < 0) return RANGE;
          at = this.#put(at, index, step.width) | 0;
          break;
        }
        case 19 satisfies typeof Op.Quat: {
          const value = values[step.name] as Quat | undefined;
          if (
            typeof value?.x !== "number" || typeof value.y !== "number" ||
            typeof value.z !== "number" || typeof value.w !== "number" ||
            !step.quat!.toParts(value, PARTS)
          ) return RANGE;
          at = this.#put(at, PARTS[0]!, 2) | 0;
          for (let k = 1; k < 4; k++) {
            at = this.#put(at, PARTS[k]!, step.width) | 0;
          }
          break;
        }
        case 20 satisfies typeof Op.Floats: {
          const value = values[step.name] as Vec3 | undefined;
          const quantizers = step.quantizers!;
          for (let k = 0; k < quantizers.length; k++) {
            const part = k === 0 ? value?.x : k === 1 ? value?.y : value?.z;
            if (typeof part !== "number") return RANGE;
            const index = quantizers[k]!.toIndex(part);
            if (index < 0) return RANGE;
            at = this.#put(at, index, quantizers[k]!.bits) | 0;
          }
          break;
        }
        case 21 satisfies typeof Op.Choice: {
          const number = step.numbers!.get(values[step.name] as string);
          if (number === undefined) return RANGE;
          at = this.#put(at, number, step.width) | 0;
          break;
        }
        case 22 satisfies typeof Op.List: {
          const list = values[step.name];
          if (!Array.isArray(list) || list.length > step.max) return RANGE;
          const { length } = list;
          this.weight += length * step.elementWeight;
          at = this.#put(at, length, step.width) | 0;
          for (let k = 0; k < length; k++) {
            at = this.#writeCell(step.first!, list[k], at) | 0;
            if (at < 0) return at;
          }
          break;
        }
        case 23 satisfies typeof Op.Struct:
          at = this.writeSteps(
            step.first!,
            values[step.name] as Values | undefined,
            at,
          ) | 0;
          if (at < 0) return at;
          break;
        case 24 satisfies typeof Op.Optional: {
          const isThere = values[step.name] !== undefined &&
            (!step.hasInherited || Object.hasOwn(values, step.name));
          at = this.#put(at, isThere ? 1 : 0, 1) | 0;
          // On to the last step of it, as the loop takes the one after that.
          if (!isThere) step = step.last;
          break;
        }
        case 25 satisfies typeof Op.Align:
          if (this.#count !== 0) at = this.#align(at) | 0;
          break;
        case 26 satisfies typeof Op.End:
          return at;
      }
    }
  }

  #align(at: number): number {
    this.bytes[at] = this.#pending;
    this.#pending = 0;
    this.#count = 0;
    return at + 1;
  }

  /** Adds bits, 1 to 32 of them; returns where the next byte goes. */
  #put(at: number, value: number, width: number): number {
    if (width <= 24) return this.#putFew(at, value, width);
    const next = this.#putFew(at, value & 0xffff, 16);
    return this.#putFew(next, value >>> 16, width - 16);
  }

  /** Up to 24 bits, which with the pending ones fit 31. */
  #putFew(at: number, value: number, width: number): number {
    let pending = this.#pending | (value << this.#count);
    let count = this.#count + width;
    while (count >= 8) {
      this.bytes[at++] = pending;
      pending >>>= 8;
      count -= 8;
    }
    this.#pending = pending;
    this.#count = count;
    return at;
  }
}

/** Whether the nearest float is finite. NaN is not below anything. */
function isFinite32(value: number): boolean {
  return Math.abs(value) < F32_END;
}

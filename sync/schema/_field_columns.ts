// This module is browser compatible.
import type { Quat, Vec2, Vec3 } from "../../core/mod.ts";
import type {
  AnyField,
  Field,
  FloatQuantizer,
  QuatQuantizer,
  U64,
} from "../../protocol/mod.ts";
import type { ColumnForm } from "./column.ts";

/**
 * How a field's values lie in columns of integers, as the field itself would round
 * and refuse them.
 *
 * The columns of one entity are `values[at]`, `values[at + stride]` and so on.
 */
export interface FieldColumns<T = unknown> {
  /** What the columns hold. */
  readonly forms: readonly ColumnForm[];
  /**
   * Puts a value into the columns.
   *
   * @returns `false`, with the columns as they were, if the field does not allow it.
   */
  write(value: T, values: Int32Array, at: number, stride: number): boolean;
  /** Tells the value in the columns, which belongs to the caller. */
  read(values: Int32Array, at: number, stride: number): T;
  /** Whether the columns hold what `write` gives, each being at most its largest. */
  isValid(values: Int32Array, at: number, stride: number): boolean;
}

const WORD = 0xffff_ffff;
const RAW: ColumnForm = { kind: "raw", max: WORD };
const TWO_32 = 2 ** 32;

// One call's float and its bits, and one call's rotation.
const f32Value = new Float32Array(1);
const f32Word = new Int32Array(f32Value.buffer);
const f64Value = new Float64Array(1);
const f64Words = new Int32Array(f64Value.buffer);
const parts = new Uint32Array(4);

/** The columns of a field; `undefined` if its values are of any length. */
export function fieldColumns(field: Field<unknown>): FieldColumns | undefined {
  const known = field as AnyField;
  switch (known.type) {
    case "bool":
      return erase<boolean>({
        forms: [{ kind: "bits", max: 1 }],
        write(value, values, at) {
          if (typeof value !== "boolean") return false;
          values[at] = value ? 1 : 0;
          return true;
        },
        read: (values, at) => values[at] === 1,
        isValid: always,
      });
    case "u8":
      return integer(0, 0xff);
    case "u16":
      return integer(0, 0xffff);
    case "u32":
      return integer(0, WORD);
    case "i8":
      return integer(-0x80, 0x7f);
    case "i16":
      return integer(-0x8000, 0x7fff);
    case "i32":
      return integer(-0x8000_0000, 0x7fff_ffff);
    case "int":
      return integer(known.min, known.max);
    case "bits":
      return integer(0, 2 ** known.width - 1, "bits");
    case "choice": {
      const { options } = known;
      return erase<string>({
        forms: [{ kind: "bits", max: options.length - 1 }],
        write(value, values, at) {
          const number = options.indexOf(value);
          if (number < 0) return false;
          values[at] = number;
          return true;
        },
        read: (values, at) => options[values[at]!]!,
        isValid: always,
      });
    }
    case "float": {
      const { quantizer } = known;
      return erase<number>({
        forms: [{ kind: "linear", max: quantizer.maxIndex }],
        write(value, values, at) {
          const index = quantizer.toIndex(value);
          if (index < 0) return false;
          values[at] = index;
          return true;
        },
        read: (values, at) => quantizer.fromIndex(values[at]! >>> 0),
        isValid: always,
      });
    }
    case "angle": {
      const { quantizer } = known;
      return erase<number>({
        forms: [{ kind: "angle", max: 2 ** quantizer.bits - 1 }],
        write(value, values, at) {
          const index = quantizer.toIndex(value);
          if (index < 0) return false;
          values[at] = index;
          return true;
        },
        read: (values, at) => quantizer.fromIndex(values[at]! >>> 0),
        isValid: always,
      });
    }
    case "quat":
      return erase(rotation(known.quantizer));
    case "vec2":
      return erase(
        "quantizers" in known ? steps(known.quantizers) : floats(2),
      );
    case "vec3":
      return erase(
        "quantizers" in known ? steps(known.quantizers) : floats(3),
      );
    case "f32":
      return erase<number>({
        forms: [RAW],
        write: (value, values, at) => writeF32(value, values, at),
        read: (values, at) => readF32(values, at),
        isValid: (values, at) => Number.isFinite(readF32(values, at)),
      });
    case "f64":
      return erase<number>({
        forms: [RAW, RAW],
        write(value, values, at, stride) {
          if (!Number.isFinite(value)) return false;
          f64Value[0] = value;
          values[at] = f64Words[0]!;
          values[at + stride] = f64Words[1]!;
          return true;
        },
        read: readF64,
        isValid: (values, at, stride) =>
          Number.isFinite(readF64(values, at, stride)),
      });
    case "u64":
      return erase<U64>({
        forms: [RAW, RAW],
        write(value, values, at, stride) {
          if (!(isWord(value?.low) && isWord(value.high))) return false;
          values[at] = value.low;
          values[at + stride] = value.high;
          return true;
        },
        read: (values, at, stride) => ({
          low: values[at]! >>> 0,
          high: values[at + stride]! >>> 0,
        }),
        isValid: always,
      });
    default:
      return undefined;
  }
}

function integer(
  min: number,
  max: number,
  kind: "integer" | "bits" = "integer",
): FieldColumns {
  return erase<number>({
    forms: [{ kind, max: max - min }],
    write(value, values, at) {
      if (!(Number.isInteger(value) && value >= min && value <= max)) {
        return false;
      }
      values[at] = value - min;
      return true;
    },
    read: (values, at) => (values[at]! >>> 0) + min,
    isValid: always,
  });
}

type VecColumns = FieldColumns<Vec2 | Vec3>;

function steps(quantizers: readonly FloatQuantizer[]): VecColumns {
  const qx = quantizers[0]!;
  const qy = quantizers[1]!;
  const qz = quantizers[2];
  return {
    forms: quantizers.map(({ maxIndex }) => ({
      kind: "linear",
      max: maxIndex,
    })),
    write(value, values, at, stride) {
      const x = qx.toIndex(value?.x);
      const y = qy.toIndex(value?.y);
      const z = qz === undefined ? 0 : qz.toIndex((value as Vec3)?.z);
      if (x < 0 || y < 0 || z < 0) return false;
      values[at] = x;
      values[at + stride] = y;
      if (qz !== undefined) values[at + 2 * stride] = z;
      return true;
    },
    read(values, at, stride) {
      const x = qx.fromIndex(values[at]! >>> 0);
      const y = qy.fromIndex(values[at + stride]! >>> 0);
      if (qz === undefined) return { x, y };
      return { x, y, z: qz.fromIndex(values[at + 2 * stride]! >>> 0) };
    },
    isValid: always,
  };
}

function floats(count: 2 | 3): VecColumns {
  return {
    forms: new Array<ColumnForm>(count).fill(RAW),
    write(value, values, at, stride) {
      const x = Math.fround(value?.x);
      const y = Math.fround(value?.y);
      const z = count === 2 ? 0 : Math.fround((value as Vec3)?.z);
      // All of them or none.
      if (!Number.isFinite(x + y + z)) {
        if (!(isFinite(x) && isFinite(y) && isFinite(z))) return false;
      }
      writeF32(x, values, at);
      writeF32(y, values, at + stride);
      if (count === 3) writeF32(z, values, at + 2 * stride);
      return true;
    },
    read(values, at, stride) {
      const x = readF32(values, at);
      const y = readF32(values, at + stride);
      if (count === 2) return { x, y };
      return { x, y, z: readF32(values, at + 2 * stride) };
    },
    isValid(values, at, stride) {
      for (let i = 0; i < count; i++) {
        if (!Number.isFinite(readF32(values, at + i * stride))) return false;
      }
      return true;
    },
  };
}

function rotation(quantizer: QuatQuantizer): FieldColumns<Quat> {
  const half = 2 ** (quantizer.bits - 1) - 1;
  const part: ColumnForm = { kind: "part", max: 2 * half };
  const into: Quat = { x: 0, y: 0, z: 0, w: 1 };
  const load = (values: Int32Array, at: number, stride: number): void => {
    for (let i = 0; i < 4; i++) parts[i] = values[at + i * stride]!;
  };
  return {
    forms: [{ kind: "largest", max: 3 }, part, part, part],
    write(value, values, at, stride) {
      if (!value || !quantizer.toParts(value, parts)) return false;
      for (let i = 0; i < 4; i++) values[at + i * stride] = parts[i]!;
      return true;
    },
    read(values, at, stride) {
      load(values, at, stride);
      const own = { x: 0, y: 0, z: 0, w: 1 };
      quantizer.fromParts(parts, own);
      return own;
    },
    isValid(values, at, stride) {
      load(values, at, stride);
      return quantizer.fromParts(parts, into);
    },
  };
}

function writeF32(value: number, values: Int32Array, at: number): boolean {
  f32Value[0] = value;
  if (!Number.isFinite(f32Value[0]!)) return false;
  values[at] = f32Word[0]!;
  return true;
}

function readF32(values: Int32Array, at: number): number {
  f32Word[0] = values[at]!;
  return f32Value[0]!;
}

function readF64(values: Int32Array, at: number, stride: number): number {
  f64Words[0] = values[at]!;
  f64Words[1] = values[at + stride]!;
  return f64Value[0]!;
}

function isWord(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 &&
    (value as number) < TWO_32;
}

function always(): boolean {
  return true;
}

// The fields of a schema have values of many types, which its own types tell apart.
function erase<T>(columns: FieldColumns<T>): FieldColumns {
  return columns as FieldColumns<unknown> & FieldColumns<T>;
}

// This module is browser compatible.
import type { Vec3 } from "../../core/mod.ts";

/** A parameter of a call, which says itself what it is. */
export type RpcParam =
  | {
    /** A flag. */
    readonly type: "bool";
    /** The flag. */
    readonly value: boolean;
  }
  | {
    /** An integer. */
    readonly type: "int";
    /** A safe integer, -(2^53 - 1) to 2^53 - 1. */
    readonly value: number;
  }
  | {
    /** A float. */
    readonly type: "float";
    /** A finite number; the nearest float of 32 bits goes over the wire. */
    readonly value: number;
  }
  | {
    /** Text. */
    readonly type: "string";
    /** The text; an unpaired surrogate goes over the wire as U+FFFD. */
    readonly value: string;
  }
  | {
    /** A point or a direction. */
    readonly type: "vec3";
    /** Three finite numbers, each sent as a float is. */
    readonly value: Readonly<Vec3>;
  }
  | {
    /** Bytes. */
    readonly type: "bytes";
    /** The bytes. */
    readonly value: Uint8Array;
  };

/** The types of parameters. */
export type RpcParamType = RpcParam["type"];

/**
 * The makers of parameters. What they make holds what the other end will read: floats
 * are rounded to 32 bits, unpaired surrogates are replaced, bytes are copied.
 */
export const RpcParam: {
  /** A flag. */
  bool(value: boolean): RpcParam;
  /** A safe integer; another number is a RangeError. */
  int(value: number): RpcParam;
  /** A number that is finite as a float of 32 bits; another one is a RangeError. */
  float(value: number): RpcParam;
  /** Text. */
  string(value: string): RpcParam;
  /** Three numbers that are finite as floats of 32 bits; others are a RangeError. */
  vec3(value: Readonly<Vec3>): RpcParam;
  /** Bytes, which are copied. */
  bytes(value: Uint8Array): RpcParam;
} = {
  bool(value: boolean): RpcParam {
    return value ? TRUE : FALSE;
  },
  int(value: number): RpcParam {
    if (!Number.isSafeInteger(value)) {
      throw new RangeError(
        `Cannot make an int as it must be a safe integer: current value is ${value}`,
      );
    }
    // There is no -0 among integers.
    return { type: "int", value: value + 0 };
  },
  float(value: number): RpcParam {
    return { type: "float", value: toFloat(value) };
  },
  string(value: string): RpcParam {
    return { type: "string", value: value.toWellFormed() };
  },
  vec3({ x, y, z }: Readonly<Vec3>): RpcParam {
    return {
      type: "vec3",
      value: { x: toFloat(x), y: toFloat(y), z: toFloat(z) },
    };
  },
  bytes(value: Uint8Array): RpcParam {
    // A Buffer of Node's gives views by slice().
    return { type: "bytes", value: new Uint8Array(value) };
  },
};

const TRUE: RpcParam = Object.freeze({ type: "bool", value: true });
const FALSE: RpcParam = Object.freeze({ type: "bool", value: false });

function toFloat(value: number): number {
  const float = Math.fround(value);
  if (!Number.isFinite(float)) {
    throw new RangeError(
      `Cannot make a float as it must be finite in 32 bits: current value is ${value}`,
    );
  }
  return float;
}

// This module is browser compatible.
import { utf8Length } from "../../protocol/mod.ts";
import type { RpcTarget } from "../target/rpc_target.ts";
import type { RpcParam } from "./rpc_param.ts";

/** The most parameters of a call. */
export const MAX_CALL_PARAMS = 1_024;
/** The most bytes of a call, and of a batch. */
export const MAX_CALL_BYTES = 65_535;
/** The most calls of a batch. */
export const MAX_BATCH_CALLS = 4_096;

/**
 * The most that the calls of a batch of two or more together may weigh beyond 16 times
 * their bytes: see {@linkcode excessOf}.
 */
export const MAX_EXCESS = 65_536;

/** The low three bits of a call's head. */
export const TARGET_BITS = 3;
/** What is left of the head's byte for the number of parameters; the rest follows. */
export const MANY_PARAMS = 31;
/** The bits of a parameter's tag. */
export const TAG_BITS = 3;

/** What a parameter is, and of a flag which: tags are packed in front of the values. */
export const ParamTag = {
  False: 0,
  True: 1,
  Int: 2,
  Float: 3,
  String: 4,
  Vec3: 5,
  Bytes: 6,
} as const;

/** What a target is. */
export const CallTargetTag: Readonly<Record<RpcTarget["type"], number>> = {
  all: 0,
  server: 1,
  client: 2,
  team: 3,
  allExcept: 4,
};

/** How many bytes a call takes besides its sequence; NaN if it cannot be written. */
export function bodyBytes(
  id: number,
  target: RpcTarget,
  params: readonly RpcParam[],
): number {
  const count = params.length;
  let bytes = varintBytes(id) + targetBytes(target) + 1 +
    Math.ceil(count * TAG_BITS / 8);
  if (count >= MANY_PARAMS) bytes += varintBytes(count - MANY_PARAMS);
  for (let i = 0; i < count; i++) bytes += paramBytes(params[i]!);
  return bytes;
}

/**
 * Tells by how much a call weighs more than 16 times its bytes, 0 or more: what it takes
 * in memory as V8 has it, beyond the bytes of text and the like.
 */
export function excessOf(
  target: RpcTarget,
  params: readonly RpcParam[],
  bytes: number,
): number {
  const { length } = params;
  let weight = CALL_WEIGHT;
  if (target.type !== "all" && target.type !== "server") weight += PAIR_WEIGHT;
  if (length > 0) weight += LIST_WEIGHT + SLOT_WEIGHT * length;
  for (let i = 0; i < length; i++) weight += PARAM_WEIGHTS[params[i]!.type];
  return Math.max(0, weight - WEIGHT_PER_BYTE * bytes);
}

const WEIGHT_PER_BYTE = 16;
const CALL_WEIGHT = 64;
const PAIR_WEIGHT = 40;
const LIST_WEIGHT = 48;
const SLOT_WEIGHT = 8;
const PARAM_WEIGHTS: Readonly<Record<RpcParam["type"], number>> = {
  // There are two of them, which all share.
  bool: 0,
  int: PAIR_WEIGHT,
  float: PAIR_WEIGHT + 16,
  string: PAIR_WEIGHT,
  vec3: PAIR_WEIGHT + 96,
  bytes: PAIR_WEIGHT + 200,
};

/** The index of the first parameter that cannot be written; -1 if there is none. */
export function badParam(params: readonly RpcParam[]): number {
  return params.findIndex((param) => Number.isNaN(paramBytes(param)));
}

/** How many bytes the varint of an integer from 0 to 2^53 - 1 takes. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest /= 0x80) bytes += 1;
  return bytes;
}

/** Whether a number is a float that can be sent. */
export function isFloat(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(Math.fround(value));
}

function targetBytes(target: RpcTarget): number {
  switch (target.type) {
    case "client":
    case "allExcept":
      return varintBytes(target.id);
    case "team":
      return varintBytes(target.team);
    default:
      return 0;
  }
}

function paramBytes(param: RpcParam): number {
  const { type, value } = param;
  switch (type) {
    case "bool":
      return typeof value === "boolean" ? 0 : NaN;
    case "int":
      return Number.isSafeInteger(value) ? zigzagBytes(value) : NaN;
    case "float":
      return isFloat(value) ? 4 : NaN;
    case "string":
      return typeof value === "string" ? lengthened(utf8Length(value)) : NaN;
    case "vec3":
      return isFloat(value?.x) && isFloat(value.y) && isFloat(value.z)
        ? 12
        : NaN;
    case "bytes":
      return value instanceof Uint8Array ? lengthened(value.length) : NaN;
    default:
      return NaN;
  }
}

function lengthened(bytes: number): number {
  return varintBytes(bytes) + bytes;
}

function zigzagBytes(value: number): number {
  // Doubled it may have 54 bits, and the sign would be rounded away: it does not
  // matter to the length, as no power of 128 lies between.
  return varintBytes((value < 0 ? -(value + 1) : value) * 2);
}

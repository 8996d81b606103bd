// This module is browser compatible.
import {
  type AnyField,
  type Channel,
  type Field,
  type Fields,
  isChannel,
  isReliable,
} from "../../protocol/mod.ts";
import type { RpcDefinition, RpcRate, RpcSource } from "./rpc_definition.ts";

const MAX_PARAMS = 64;
const MAX_BURST = 65_535;
const MAX_COSMETIC = 255;
/** As the contract handshake has it. */
const NAME = /^[A-Za-z][A-Za-z0-9_.]{0,63}$/;

const SOURCES: readonly RpcSource[] = ["server", "client", "owner", "any"];

/** A typo in `rate` would be no limit at all, so that what is unknown is refused. */
const KEYS: Readonly<Record<keyof RpcDefinition, true>> = {
  params: true,
  from: true,
  reply: true,
  channel: true,
  rate: true,
  coalesce: true,
  cosmetic: true,
};
const RATE_KEYS: Readonly<Record<keyof RpcRate, true>> = {
  perSecond: true,
  burst: true,
};

/** The codec has a plan for each of these, and for no other. */
const FIELD_TYPES: Readonly<Record<AnyField["type"], true>> = {
  bool: true,
  u8: true,
  u16: true,
  u32: true,
  i8: true,
  i16: true,
  i32: true,
  varint: true,
  zigzag: true,
  f32: true,
  f64: true,
  u64: true,
  vec2: true,
  vec3: true,
  int: true,
  bits: true,
  float: true,
  angle: true,
  quat: true,
  string: true,
  bytes: true,
  choice: true,
  optional: true,
  list: true,
  struct: true,
};

/** Refuses definitions that are none, too many, or not named as they must be. */
export function checkNames(definitions: unknown, maxRpcs: number): void {
  if (!isObject(definitions)) {
    throw new TypeError(
      `Cannot define rpcs as the definitions must be an object: current value is ${
        show(definitions)
      }`,
    );
  }
  const names = Object.keys(definitions);
  if (names.length < 1 || names.length > maxRpcs) {
    throw new RangeError(
      `Cannot define rpcs as there must be 1 to ${maxRpcs}: current value is ${names.length}`,
    );
  }
  for (const name of names) {
    if (NAME.test(name)) continue;
    throw new RangeError(
      `Cannot define rpc "${name}" as its name must be a letter and up to 63 letters, digits, underscores and dots`,
    );
  }
}

/**
 * Refuses a definition that is wrong in any part.
 *
 * @returns A copy of it, which nobody can change.
 */
export function checkDefinition(
  name: string,
  definition: unknown,
): RpcDefinition {
  if (!isObject(definition)) {
    throw wrongType(name, "it must be an object", definition);
  }
  checkKeys(name, "it", definition, KEYS);
  const { params, from, reply, channel, rate, coalesce, cosmetic } = definition;
  checkParams(name, params);
  if (!isOneOf(SOURCES, from)) {
    throw wrongType(
      name,
      `from must be "server", "client", "owner" or "any"`,
      from,
    );
  }
  if (reply !== undefined) checkField(name, "reply", reply);
  if (channel !== undefined) checkChannel(name, channel, reply !== undefined);
  const copy: { -readonly [K in keyof RpcDefinition]: RpcDefinition[K] } = {
    params: Object.freeze({ ...params }),
    from,
  };
  if (reply !== undefined) copy.reply = reply;
  if (channel !== undefined) copy.channel = channel;
  if (rate !== undefined) copy.rate = checkRate(name, rate, from);
  if (coalesce !== undefined) {
    refuseIfAnswered(name, "coalesce", reply);
    copy.coalesce = checkCoalesce(name, coalesce, params);
  }
  if (cosmetic !== undefined) {
    refuseIfAnswered(name, "cosmetic", reply);
    checkInteger(name, "cosmetic", cosmetic, 0, MAX_COSMETIC);
    copy.cosmetic = cosmetic;
  }
  return Object.freeze(copy);
}

function checkParams(name: string, params: unknown): asserts params is Fields {
  if (!isObject(params)) {
    throw wrongType(name, "params must be an object of fields", params);
  }
  const keys = Object.keys(params);
  if (keys.length > MAX_PARAMS) {
    throw new RangeError(
      `Cannot define rpc "${name}" as it must have at most ${MAX_PARAMS} parameters: current value is ${keys.length}`,
    );
  }
  for (const key of keys) checkField(name, `parameter "${key}"`, params[key]);
}

function checkField(
  name: string,
  what: string,
  field: unknown,
): asserts field is Field<unknown> {
  if (!isField(field)) {
    throw wrongType(name, `${what} must be a field of protocol`, field);
  }
}

/** Whether it is a field of a known kind, and so are those that it is made of. */
function isField(value: unknown): boolean {
  // `vec3` and its like are functions too.
  if (!isObject(value) && typeof value !== "function") return false;
  const field = value as Readonly<Record<string, unknown>>;
  const { type } = field;
  if (
    typeof type !== "string" || !Object.hasOwn(FIELD_TYPES, type) ||
    typeof field.descriptor !== "string" ||
    typeof field.write !== "function" || typeof field.read !== "function"
  ) return false;
  if (type === "optional") return isField(field.field);
  if (type === "list") return isField(field.element);
  return type !== "struct" ||
    isObject(field.fields) && Object.values(field.fields).every(isField);
}

function checkChannel(
  name: string,
  channel: unknown,
  isAnswered: boolean,
): asserts channel is Channel {
  if (typeof channel !== "number" || !isChannel(channel)) {
    throw wrongType(name, "channel must be one of Channel", channel);
  }
  if (isAnswered && !isReliable(channel)) {
    throw wrongType(name, "a call that is answered must be reliable", channel);
  }
}

function checkRate(name: string, rate: unknown, from: RpcSource): RpcRate {
  if (from === "server") {
    throw wrongType(name, "only calls from clients must have a rate", from);
  }
  if (!isObject(rate)) throw wrongType(name, "rate must be an object", rate);
  checkKeys(name, "rate", rate, RATE_KEYS);
  const { perSecond, burst } = rate;
  if (
    typeof perSecond !== "number" || !(perSecond > 0 && perSecond < Infinity)
  ) {
    throw new RangeError(
      `Cannot define rpc "${name}" as rate.perSecond must be above 0 and finite: current value is ${
        show(perSecond)
      }`,
    );
  }
  if (burst === undefined) return Object.freeze({ perSecond });
  checkInteger(name, "rate.burst", burst, 1, MAX_BURST);
  return Object.freeze({ perSecond, burst });
}

function checkCoalesce(
  name: string,
  coalesce: unknown,
  params: Fields,
): readonly string[] {
  if (!Array.isArray(coalesce)) {
    throw wrongType(
      name,
      "coalesce must be an array of names of parameters",
      coalesce,
    );
  }
  for (const key of coalesce) {
    if (typeof key !== "string" || !Object.hasOwn(params, key)) {
      throw wrongType(name, "coalesce must name parameters", key);
    }
  }
  if (new Set(coalesce).size < coalesce.length) {
    throw wrongType(
      name,
      "coalesce must name each parameter once",
      coalesce.join(", "),
    );
  }
  return Object.freeze([...coalesce]);
}

/** What somebody waits for is never left out. */
function refuseIfAnswered(name: string, key: string, reply: unknown): void {
  if (reply === undefined) return;
  throw new TypeError(
    `Cannot define rpc "${name}" as a call that is answered must not have ${key}`,
  );
}

function checkKeys(
  name: string,
  what: string,
  value: Readonly<Record<string, unknown>>,
  known: Readonly<Record<string, true>>,
): void {
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(known, key));
  if (unknown === undefined) return;
  throw new TypeError(
    `Cannot define rpc "${name}" as ${what} must have no other properties than ${
      Object.keys(known).join(", ")
    }: current value has "${unknown}"`,
  );
}

function checkInteger(
  name: string,
  what: string,
  value: unknown,
  min: number,
  max: number,
): asserts value is number {
  if (
    typeof value === "number" && Number.isInteger(value) && value >= min &&
    value <= max
  ) return;
  throw new RangeError(
    `Cannot define rpc "${name}" as ${what} must be an integer from ${min} to ${max}: current value is ${
      show(value)
    }`,
  );
}

function isOneOf<T>(values: readonly T[], value: unknown): value is T {
  return values.includes(value as T);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrongType(name: string, wanted: string, value: unknown): TypeError {
  return new TypeError(
    `Cannot define rpc "${name}" as ${wanted}: current value is ${show(value)}`,
  );
}

function show(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

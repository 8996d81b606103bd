// This module is browser compatible.
import { isPlayerId } from "../../core/mod.ts";
import { utf8Length } from "../../protocol/mod.ts";
import { isObject } from "../_is_object.ts";
import { isLobbyId } from "../lobby_id.ts";
import { isTeamId } from "../team_id.ts";

/** Tells whether a value is of a kind. */
export type Check = (value: unknown) => boolean;

/** The fields of an object, and of what kind each is. */
export type Shape = Readonly<Record<string, Check>>;

/** A shape that has all fields of a type, but for some: one that is added to the type and not looked at does not compile. */
export type ShapeOf<T, But extends string = never> = {
  readonly [K in Exclude<keyof T & string, But>]-?: Check;
};

/** An object that has been looked at, or the name of the first field that is wrong; `""` if it is no object. */
export type Picked =
  | { readonly fields: Record<string, unknown> }
  | { readonly wrong: string };

/** Takes the fields of a shape out of a value, and leaves the others. Those that are not there must be optional. */
export function pick(value: unknown, shape: Shape): Picked {
  if (!isObject(value)) return { wrong: "" };
  const fields: Record<string, unknown> = {};
  for (const [name, check] of Object.entries(shape)) {
    const field = Object.hasOwn(value, name) ? value[name] : undefined;
    if (!check(field)) return { wrong: name };
    if (field !== undefined) fields[name] = field;
  }
  return { fields };
}

/** Whether a value is an object of such fields, others beside them. */
export function has(shape: Shape): Check {
  return (value) =>
    isObject(value) &&
    Object.entries(shape).every(([name, check]) =>
      check(Object.hasOwn(value, name) ? value[name] : undefined)
    );
}

/** What may be left out. */
export function optional(check: Check): Check {
  return (value) => value === undefined || check(value);
}

/** What may be `null`. */
export function nullable(check: Check): Check {
  return (value) => value === null || check(value);
}

/** One of some texts. */
export function oneOf(...texts: readonly string[]): Check {
  return (value) => texts.includes(value as string);
}

/** One of the texts of a type, all of which have to be named. */
export function anyOf<T extends string>(
  texts: Readonly<Record<T, true>>,
): Check {
  return (value) => typeof value === "string" && Object.hasOwn(texts, value);
}

/** Whatever there is: it was read as JSON, so it is that. */
export function isJson(_value: unknown): boolean {
  return true;
}

/** An array of at most so many of a kind. */
export function listOf(check: Check, max: number): Check {
  return (value) =>
    Array.isArray(value) && value.length <= max && value.every(check);
}

/** Well-formed text of so many bytes of UTF-8. */
export function text(min: number, max: number): Check {
  return (value) => {
    if (typeof value !== "string" || value.length > max) return false;
    if (!value.isWellFormed()) return false;
    const length = utf8Length(value);
    return length >= min && length <= max;
  };
}

/** An integer in a range. */
export function integer(min: number, max: number): Check {
  return (value) =>
    Number.isSafeInteger(value) && value as number >= min &&
    value as number <= max;
}

export function isBoolean(value: unknown): boolean {
  return typeof value === "boolean";
}

/** A finite number of 0 or more. */
export function isAmount(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && value < Infinity;
}

export function isFiniteNumber(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value);
}

/** A number of an invite, a version or the like. */
export const isCount: Check = integer(0, Number.MAX_SAFE_INTEGER);

export const isPlayer: Check = isPlayerId;
export const isLobby: Check = isLobbyId;
export const isTeam: Check = isTeamId;

/** Milliseconds by region. */
export function isLatencies(value: unknown): boolean {
  if (!isObject(value)) return false;
  const regions = Object.keys(value);
  return regions.length <= 64 && regions.every(text(1, 64)) &&
    Object.values(value).every(isAmount);
}

/** Metadata, whose names and size are for the manager to judge. */
export function isMetadata(value: unknown): boolean {
  return isObject(value) &&
    Object.values(value).every((it) =>
      typeof it === "string" || typeof it === "boolean" || isFiniteNumber(it)
    );
}

/** Changes of metadata. */
export function isMetadataChanges(value: unknown): boolean {
  return isObject(value) &&
    Object.values(value).every((it) =>
      it === null || typeof it === "string" || typeof it === "boolean" ||
      isFiniteNumber(it)
    );
}

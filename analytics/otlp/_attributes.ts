// This module is browser compatible.

import type { FieldValues } from "../event/event_definition.ts";
import type { EventRow, SessionInfo } from "../store/store.ts";
import type { OtlpAttribute, OtlpResource, OtlpValue } from "./otlp_types.ts";

export const SCOPE = { name: "@tickwire/net/analytics" } as const;

/** Platforms as games call them, and what the semantic conventions have as `os.type`. */
const OS_TYPES: ReadonlyMap<string, string> = new Map([
  ["windows", "windows"],
  ["win32", "windows"],
  ["linux", "linux"],
  ["darwin", "darwin"],
  ["macos", "darwin"],
  ["ios", "darwin"],
  ["android", "linux"],
  ["freebsd", "freebsd"],
]);

export function textAttribute(key: string, text: string): OtlpAttribute {
  return { key, value: { stringValue: text } };
}

/** A value with its type: a field that is a float stays one where it happens to be whole. */
export function valueOf(
  value: string | number | boolean,
  isFloat: boolean,
): OtlpValue {
  switch (typeof value) {
    case "string":
      return { stringValue: value };
    case "boolean":
      return { boolValue: value };
    case "number":
      return isFloat || !Number.isSafeInteger(value)
        ? { doubleValue: value }
        : { intValue: String(value) };
  }
}

/** Milliseconds as nanoseconds in decimal: they are beyond what a double holds. */
export function nanoseconds(ms: number): string {
  return ms > 0 ? `${Math.floor(ms)}000000` : "0";
}

/** An object as JSON; an empty one if it is none. */
export function readObject(json: string): FieldValues {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as FieldValues
      : {};
  } catch {
    return {};
  }
}

/** Rows by their title, build and platform, each with the resource of these. */
export function byResource(
  rows: readonly EventRow[],
): { readonly resource: OtlpResource; readonly rows: EventRow[] }[] {
  const groups = new Map<
    string,
    { resource: OtlpResource; rows: EventRow[] }
  >();
  for (const row of rows) {
    const key = JSON.stringify([row.title, row.build, row.platform]);
    let group = groups.get(key);
    if (group === undefined) {
      group = { resource: resourceOf(row), rows: [] };
      groups.set(key, group);
    }
    group.rows.push(row);
  }
  return [...groups.values()];
}

function resourceOf({ title, build, platform }: SessionInfo): OtlpResource {
  const attributes = [
    textAttribute("service.name", title),
    textAttribute("service.version", build),
    textAttribute("tickwire.platform", platform),
  ];
  const osType = OS_TYPES.get(platform.toLowerCase());
  if (osType !== undefined) attributes.push(textAttribute("os.type", osType));
  return { attributes };
}

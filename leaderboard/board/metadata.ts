// This module is browser compatible.
import type { MetadataField } from "./board_options.ts";
import type { SubmissionRefusal } from "./submission_refusal.ts";

/** What a board says about metadata. */
export interface MetadataRules {
  /** The fields that there may be; `undefined` for any. */
  readonly metadataFields: ReadonlyMap<string, MetadataField> | undefined;
  /** The most bytes as JSON. */
  readonly maxMetadataBytes: number;
}

/** The most bytes of a text in metadata, if its field does not say it. */
export const DEFAULT_TEXT_BYTES = 256;
const MAX_FREE_FIELDS = 16;
const MAX_NAME_BYTES = 64;

/**
 * Checks the metadata of a submission from anybody.
 *
 * @param rules What the board allows.
 * @param value What `JSON.parse` gave, or a game; `undefined` or `null` for none.
 * @returns Its canonical JSON: names sorted by code units, no blanks; `""` if there is nothing in it. Or a refusal.
 */
export function checkMetadata(
  rules: MetadataRules,
  value: unknown,
): string | SubmissionRefusal {
  if (value !== undefined && value !== null) {
    if (typeof value !== "object" || Array.isArray(value)) {
      return refusal("", "be an object", kindOf(value));
    }
  }
  // Own fields alone, and never by their names: "__proto__" may be one of them.
  const entries = Object.entries(value ?? {}).filter(([, field]) =>
    field !== undefined
  );
  const { metadataFields, maxMetadataBytes } = rules;
  const maxFields = metadataFields?.size ?? MAX_FREE_FIELDS;
  if (entries.length > maxFields) {
    return refusal("", `have at most ${maxFields} fields`, entries.length);
  }
  const names = new Set<string>();
  for (const [name, field] of entries) {
    const wrong = metadataFields === undefined
      ? checkFreeField(name, field)
      : checkField(metadataFields.get(name), name, field);
    if (wrong !== undefined) return wrong;
    names.add(name);
  }
  for (const [name, field] of metadataFields ?? []) {
    if (field.required && !names.has(name)) {
      return refusal(name, "be there", undefined);
    }
  }
  // What is longer than this in units is longer in bytes, and need not be written.
  let units = 0;
  for (const [name, field] of entries) {
    units += name.length + (typeof field === "string" ? field.length : 1);
  }
  if (units > maxMetadataBytes) {
    return refusal(
      "",
      `have at most ${maxMetadataBytes} bytes`,
      `over ${units}`,
    );
  }
  const json = canonicalJson(entries);
  const byteLength = utf8Length(json);
  if (byteLength > maxMetadataBytes) {
    return refusal("", `have at most ${maxMetadataBytes} bytes`, byteLength);
  }
  return json;
}

/** Tells whether a text may name a field of metadata: 1 to 64 bytes without control characters. */
export function isMetadataName(value: string): boolean {
  return value !== "" && value !== "__proto__" &&
    isText(value, MAX_NAME_BYTES) &&
    // deno-lint-ignore no-control-regex -- they would be invisible wherever the name is shown
    !/[\x00-\x1f\x7f]/.test(value);
}

/** Tells whether a text is well-formed and has at most so many bytes in UTF-8. */
export function isText(text: string, maxBytes: number): boolean {
  return text.length <= maxBytes && text.isWellFormed() &&
    utf8Length(text) <= maxBytes;
}

function checkFreeField(
  name: string,
  value: unknown,
): SubmissionRefusal | undefined {
  if (!isMetadataName(name)) {
    return refusal(
      "",
      `have fields whose names have 1 to ${MAX_NAME_BYTES} bytes without control characters and are not "__proto__"`,
      JSON.stringify(name.slice(0, MAX_NAME_BYTES)),
    );
  }
  if (typeof value === "boolean") return undefined;
  if (typeof value === "number") {
    return Number.isFinite(value)
      ? undefined
      : refusal(name, "be finite", value);
  }
  if (typeof value !== "string") {
    return refusal(name, "be a string, a number or a boolean", kindOf(value));
  }
  return value.isWellFormed()
    ? undefined
    : refusal(name, "be well-formed text", "text with unpaired surrogates");
}

function checkField(
  field: MetadataField | undefined,
  name: string,
  value: unknown,
): SubmissionRefusal | undefined {
  if (field === undefined) {
    return refusal(
      "",
      "have no fields that the board does not name",
      JSON.stringify(name.slice(0, MAX_NAME_BYTES)),
    );
  }
  switch (field.type) {
    case "boolean":
      return typeof value === "boolean"
        ? undefined
        : refusal(name, "be true or false", kindOf(value));
    case "string": {
      const { maxBytes = DEFAULT_TEXT_BYTES, values } = field;
      if (typeof value !== "string" || !isText(value, maxBytes)) {
        return refusal(
          name,
          `be well-formed text of at most ${maxBytes} bytes`,
          kindOf(value),
        );
      }
      return values === undefined || values.includes(value)
        ? undefined
        : refusal(name, "be one of those that the board names", kindOf(value));
    }
    case "integer":
    case "number": {
      const isInteger = field.type === "integer";
      const isRight = isInteger
        ? Number.isSafeInteger(value)
        : Number.isFinite(value);
      const { min = -Number.MAX_VALUE, max = Number.MAX_VALUE } = field;
      return isRight && value as number >= min && value as number <= max
        ? undefined
        : refusal(
          name,
          `be ${isInteger ? "an integer" : "a number"} from ${min} to ${max}`,
          kindOf(value),
        );
    }
  }
}

function canonicalJson(entries: [string, unknown][]): string {
  if (entries.length === 0) return "";
  // Code units are what < compares. An object would put "10" and "9" into the order of numbers.
  entries.sort(([a], [b]) => a < b ? -1 : 1);
  const fields = entries.map(([name, value]) =>
    `${JSON.stringify(name)}:${JSON.stringify(value)}`
  );
  return `{${fields.join(",")}}`;
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** A value in a few words: it may be a stranger's, and endless. */
function kindOf(value: unknown): string {
  if (typeof value === "string") return `text of ${value.length} characters`;
  if (typeof value === "number" || typeof value === "boolean") {
    return String(value);
  }
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? "an array" : `of type "${typeof value}"`;
}

function refusal(
  name: string,
  wanted: string,
  current: unknown,
): SubmissionRefusal {
  const field = name === "" ? "metadata" : `metadata.${name}`;
  return {
    code: "invalidMetadata",
    message:
      `Cannot submit as ${field} must ${wanted}: current value is ${current}`,
    field,
  };
}

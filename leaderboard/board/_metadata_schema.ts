// This module is browser compatible.
import { optionsError, OptionsReader } from "./_options_reader.ts";
import type { MetadataField } from "./board_options.ts";
import { DEFAULT_TEXT_BYTES, isMetadataName, isText } from "./metadata.ts";

const MAX_FIELDS = 64;
const MAX_VALUES = 256;
/** No metadata may have more. */
const MAX_TEXT_BYTES = 16_384;
const TYPES = ["string", "integer", "number", "boolean"] as const;

/** Checks the schema in a board's options, and gives its fields by name, with defaults. */
export function parseMetadataSchema(
  path: string,
  value: unknown,
): ReadonlyMap<string, MetadataField> {
  const schema = new OptionsReader(path, value, ["fields"]);
  const reader = new OptionsReader(
    schema.pathOf("fields"),
    schema.get("fields"),
  );
  if (reader.names.length > MAX_FIELDS) {
    throw schema.error("fields", `have at most ${MAX_FIELDS} names`);
  }
  const fields = new Map<string, MetadataField>();
  // In the order of canonical JSON.
  for (const name of reader.names.toSorted()) {
    if (!isMetadataName(name)) {
      throw optionsError(
        schema.pathOf("fields"),
        'have names of 1 to 64 bytes without control characters, which are not "__proto__"',
        name,
      );
    }
    fields.set(name, parseField(reader.pathOf(name), reader.get(name)));
  }
  return fields;
}

function parseField(path: string, value: unknown): MetadataField {
  const type = new OptionsReader(path, value).get(
    "type",
  ) as MetadataField["type"];
  if (type === "boolean") {
    const reader = new OptionsReader(path, value, ["type", "required"]);
    return { type, required: reader.boolean("required") };
  }
  if (type === "string") {
    const known = ["type", "required", "maxBytes", "values"];
    return parseTextField(new OptionsReader(path, value, known));
  }
  if (TYPES.includes(type)) {
    const known = ["type", "required", "min", "max"];
    return parseNumberField(new OptionsReader(path, value, known), type);
  }
  throw optionsError(`${path}.type`, `be one of "${TYPES.join('", "')}"`, type);
}

function parseTextField(reader: OptionsReader): MetadataField {
  const maxBytes = reader.integer(
    "maxBytes",
    1,
    MAX_TEXT_BYTES,
    DEFAULT_TEXT_BYTES,
  );
  const required = reader.boolean("required");
  if (reader.get("values") === undefined) {
    return { type: "string", required, maxBytes };
  }
  const values = reader.array("values", MAX_VALUES).map((value) => {
    if (typeof value === "string" && isText(value, maxBytes)) return value;
    throw reader.error(
      "values",
      `be well-formed texts of at most ${maxBytes} bytes`,
    );
  });
  return { type: "string", required, maxBytes, values };
}

function parseNumberField(
  reader: OptionsReader,
  type: "integer" | "number",
): MetadataField {
  const min = parseBound(reader, "min");
  const max = parseBound(reader, "max");
  if (min !== undefined && max !== undefined && min > max) {
    throw reader.error("min", "be at most max");
  }
  return {
    type,
    required: reader.boolean("required"),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
  };
}

function parseBound(reader: OptionsReader, name: string): number | undefined {
  const value = reader.get(name);
  if (value === undefined) return undefined;
  if (Number.isFinite(value)) return value as number + 0;
  throw reader.error(name, "be a finite number");
}

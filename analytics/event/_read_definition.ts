// This module is browser compatible.
import { checkLabel } from "./_check_label.ts";
import { BUILT_IN_EVENTS } from "./built_in_events.ts";
import type {
  EventDefinition,
  FieldDefinition,
  FieldDefinitions,
} from "./event_definition.ts";
import { isName } from "./name.ts";

const MAX_FIELDS = 32;
const MAX_CHOICES = 256;
const MAX_SHOWN = 64;
/** Remembers which definitions have been checked: those are frozen. */
const CHECKED = new WeakSet<EventDefinition>(BUILT_IN_EVENTS);
const KINDS = ["int", "float", "bool", "choice", "label"] as const;

/**
 * Checks a definition of which nothing is known, and copies it, so that it does not change any more.
 *
 * @throws {TypeError | RangeError | SyntaxError} If it is none, or out of its bounds, or a name is none.
 */
export function readDefinition(
  name: unknown,
  fields: unknown,
): EventDefinition {
  if (typeof name !== "string") {
    throw new TypeError(
      `Cannot define event as its name must be a string: current type is ${
        typeOf(name)
      }`,
    );
  }
  checkName("event", "its name", name);
  if (BUILT_IN_EVENTS.some((event) => event.name === name)) {
    throw new RangeError(
      `Cannot define event as its name must not be one of those that are always there: current value is "${name}"`,
    );
  }
  const what = `event "${name}"`;
  checkObject(what, "its fields", fields);
  const names = Object.keys(fields);
  if (names.length > MAX_FIELDS) {
    throw new RangeError(
      `Cannot define ${what} as it must have at most ${MAX_FIELDS} fields: current value is ${names.length}`,
    );
  }
  const copy: Record<string, FieldDefinition> = {};
  for (const field of names) {
    checkName(what, "the name of a field", field);
    // A value that is left out would be taken from the prototype.
    if (field in Object.prototype) {
      throw new RangeError(
        `Cannot define ${what} as the name of a field must not be one that all objects have: current value is "${field}"`,
      );
    }
    copy[field] = readField(what, `field "${field}"`, fields[field]);
  }
  const definition: EventDefinition = Object.freeze({
    name,
    fields: Object.freeze(copy) as FieldDefinitions,
  });
  CHECKED.add(definition);
  return definition;
}

/** Whether {@linkcode readDefinition} made a definition, or it is one of those that are always there. */
export function isChecked(definition: EventDefinition): boolean {
  return CHECKED.has(definition);
}

/** @throws {TypeError} If `value` is no object, or an array. */
export function checkObject(
  what: string,
  part: string,
  value: unknown,
): asserts value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(
      `Cannot define ${what} as ${part} must be an object: current type is ${
        typeOf(value)
      }`,
    );
  }
}

/** @throws {RangeError} If a property is not one of `known`. */
export function checkKeys(
  what: string,
  part: string,
  value: object,
  known: readonly string[],
): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    throw new RangeError(
      `Cannot define ${what} as ${part} must have nothing but "${
        known.join('", "')
      }": current value is ${shown(key)}`,
    );
  }
}

function readField(
  what: string,
  part: string,
  value: unknown,
): FieldDefinition {
  checkObject(what, part, value);
  const kind = value.kind as FieldDefinition["kind"];
  const optional = value.optional ?? false;
  if (typeof optional !== "boolean") {
    throw new TypeError(
      `Cannot define ${what} as "optional" of its ${part} must be true or false: current type is ${
        typeOf(optional)
      }`,
    );
  }
  const isOptional = optional ? { optional } : {};
  switch (kind) {
    case "int":
    case "float":
      checkKeys(what, part, value, ["kind", "min", "max", "optional"]);
      return Object.freeze({
        kind,
        ...readBounds(what, part, kind, value),
        ...isOptional,
      });
    case "bool":
    case "label":
      checkKeys(what, part, value, ["kind", "optional"]);
      return Object.freeze({ kind, ...isOptional });
    case "choice":
      checkKeys(what, part, value, ["kind", "of", "optional"]);
      return Object.freeze({
        kind,
        of: readChoices(what, part, value.of),
        ...isOptional,
      });
    default:
      throw new RangeError(
        `Cannot define ${what} as the kind of its ${part} must be one of "${
          KINDS.join('", "')
        }": current value is ${shown(kind)}`,
      );
  }
}

function readBounds(
  what: string,
  part: string,
  kind: "int" | "float",
  value: Readonly<Record<string, unknown>>,
): { min?: number; max?: number } {
  const bounds: { min?: number; max?: number } = {};
  for (const side of ["min", "max"] as const) {
    const bound = value[side];
    if (bound === undefined) continue;
    if (typeof bound !== "number") {
      throw new TypeError(
        `Cannot define ${what} as "${side}" of its ${part} must be a number: current type is ${
          typeOf(bound)
        }`,
      );
    }
    if (
      kind === "int" ? !Number.isSafeInteger(bound) : !Number.isFinite(bound)
    ) {
      throw new RangeError(
        `Cannot define ${what} as "${side}" of its ${part} must be ${
          kind === "int" ? "a safe integer" : "finite"
        }: current value is ${bound}`,
      );
    }
    bounds[side] = bound;
  }
  const { min, max } = bounds;
  const least = kind === "int" ? Number.MIN_SAFE_INTEGER : -Number.MAX_VALUE;
  const most = kind === "int" ? Number.MAX_SAFE_INTEGER : Number.MAX_VALUE;
  if ((min ?? least) > (max ?? most)) {
    throw new RangeError(
      `Cannot define ${what} as "min" of its ${part} must be <= "max", ${max}: current value is ${min}`,
    );
  }
  return bounds;
}

function readChoices(
  what: string,
  part: string,
  value: unknown,
): readonly string[] {
  if (!Array.isArray(value)) {
    throw new TypeError(
      `Cannot define ${what} as "of" of its ${part} must be an array: current type is ${
        typeOf(value)
      }`,
    );
  }
  if (value.length < 1 || value.length > MAX_CHOICES) {
    throw new RangeError(
      `Cannot define ${what} as "of" of its ${part} must have 1 to ${MAX_CHOICES} labels: current value is ${value.length}`,
    );
  }
  const labels = new Set<string>();
  for (const label of value) {
    if (typeof label !== "string") {
      throw new TypeError(
        `Cannot define ${what} as a choice of its ${part} must be a string: current type is ${
          typeOf(label)
        }`,
      );
    }
    if (checkLabel(label) !== undefined) {
      throw new SyntaxError(
        `Cannot define ${what} as a choice of its ${part} must be a label: current value is ${
          shown(label)
        }`,
      );
    }
    if (labels.has(label)) {
      throw new RangeError(
        `Cannot define ${what} as the choices of its ${part} must differ: current value is ${
          shown(label)
        } twice`,
      );
    }
    labels.add(label);
  }
  return Object.freeze([...labels]);
}

function checkName(what: string, part: string, name: string): void {
  if (isName(name) && checkLabel(name) === undefined) return;
  throw new SyntaxError(
    `Cannot define ${what} as ${part} must be 1 to 64 of A–Z a–z 0–9 _, beginning with a letter: current value is ${
      shown(name)
    }`,
  );
}

function typeOf(value: unknown): string {
  return value === null
    ? "null"
    : Array.isArray(value)
    ? "array"
    : typeof value;
}

function shown(value: unknown): string {
  return typeof value === "string"
    ? JSON.stringify(value.slice(0, MAX_SHOWN))
    : typeOf(value);
}

// This module is browser compatible.
import type { EventDefinition } from "./event_definition.ts";

type AnyField = EventDefinition["fields"][string];

/** A field, ready for checks. */
export interface FieldCheck {
  readonly name: string;
  readonly kind: AnyField["kind"];
  readonly isOptional: boolean;
  readonly min: number;
  readonly max: number;
  readonly of: ReadonlySet<string>;
}

const NOTHING: ReadonlySet<string> = new Set();
/** Remembers what follows from a definition, which does not change. */
const KNOWN = new WeakMap<EventDefinition, readonly FieldCheck[]>();

/** The fields of a definition, in a form that is quick to go through. */
export function checksOf(definition: EventDefinition): readonly FieldCheck[] {
  let checks = KNOWN.get(definition);
  if (checks === undefined) {
    checks = Object.entries(definition.fields).map(toCheck);
    KNOWN.set(definition, checks);
  }
  return checks;
}

function toCheck([name, field]: [string, AnyField]): FieldCheck {
  const check = {
    name,
    kind: field.kind,
    isOptional: field.optional === true,
    min: 0,
    max: 0,
    of: NOTHING,
  };
  switch (field.kind) {
    case "int":
      check.min = field.min ?? Number.MIN_SAFE_INTEGER;
      check.max = field.max ?? Number.MAX_SAFE_INTEGER;
      break;
    case "float":
      check.min = field.min ?? -Number.MAX_VALUE;
      check.max = field.max ?? Number.MAX_VALUE;
      break;
    case "choice":
      check.of = new Set(field.of);
      break;
    case "text":
      check.max = field.maxLength;
      break;
    case "sketch":
      check.max = field.max ?? Number.MAX_VALUE;
      break;
  }
  return check;
}

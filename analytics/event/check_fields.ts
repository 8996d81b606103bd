// This module is browser compatible.
import { checksOf, type FieldCheck } from "./_checks_of.ts";
import { checkLabel } from "./_check_label.ts";
import { isSketch } from "./_is_sketch.ts";
import type { EventDefinition, FieldValues } from "./event_definition.ts";
import type { PersonalDataKind } from "./personal_data.ts";
import { scrubText } from "./scrub_text.ts";

/** Why an event is refused for its fields (PROTOCOL.md, section 4). */
export type FieldProblemReason =
  | "unknownField"
  | "missingField"
  | "invalidField"
  | "personalData";

/** What is wrong with the fields of an event. */
export interface FieldProblem {
  /** Why the event is refused. */
  readonly reason: FieldProblemReason;
  /** Which field it is: its name if it is one of the definition, else `""`, as what a stranger wrote is not repeated. */
  readonly field: string;
  /** What is wrong, for people. It never repeats a text. */
  readonly message: string;
}

/**
 * Checks values against the definition of their event: the same on both ends. Never throws, whatever the values are, as
 * they may have come from anywhere.
 *
 * @param definition What the event may hold.
 * @param fields The values. One that is `undefined` is left out.
 * @returns What is wrong, the first thing only, or `undefined` if nothing is.
 */
export function checkFields(
  definition: EventDefinition,
  fields: FieldValues,
): FieldProblem | undefined {
  try {
    return check(definition, fields);
  } catch {
    // A getter or a proxy threw.
    return invalid(definition, "", "its fields must be plain values");
  }
}

function check(
  definition: EventDefinition,
  fields: FieldValues,
): FieldProblem | undefined {
  const checks = checksOf(definition);
  if (
    typeof fields !== "object" || fields === null || Array.isArray(fields)
  ) {
    return invalid(definition, "", "its fields must be an object");
  }
  let known = 0;
  for (let i = 0; i < checks.length; i++) {
    const field = checks[i]!;
    const value: unknown = fields[field.name];
    if (value === undefined) {
      if (field.isOptional) continue;
      return {
        reason: "missingField",
        field: field.name,
        message:
          `Cannot record "${definition.name}" as its field "${field.name}" must be there`,
      };
    }
    known++;
    const problem = checkValue(definition, field, value);
    if (problem !== undefined) return problem;
  }
  let present = 0;
  for (const _ in fields) present++;
  return present === known ? undefined : checkNames(definition, checks, fields);
}

/** Looks for a name that is not in the definition: what has as many names as values needs no such look. */
function checkNames(
  definition: EventDefinition,
  checks: readonly FieldCheck[],
  fields: FieldValues,
): FieldProblem | undefined {
  for (const name in fields) {
    if (fields[name] === undefined) continue;
    if (!checks.some((field) => field.name === name)) {
      return {
        reason: "unknownField",
        field: "",
        message:
          `Cannot record "${definition.name}" as its fields must be those of its definition: there is another one`,
      };
    }
  }
  return undefined;
}

function checkValue(
  definition: EventDefinition,
  field: FieldCheck,
  value: unknown,
): FieldProblem | undefined {
  switch (field.kind) {
    case "int":
      if (
        Number.isSafeInteger(value) && value as number >= field.min &&
        value as number <= field.max
      ) return undefined;
      return invalid(
        definition,
        field.name,
        `its field "${field.name}" must be an integer from ${field.min} to ${field.max}`,
        value,
      );
    case "float":
      if (
        typeof value === "number" && value >= field.min && value <= field.max
      ) return undefined;
      return invalid(
        definition,
        field.name,
        `its field "${field.name}" must be a number from ${field.min} to ${field.max}`,
        value,
      );
    case "bool":
      if (typeof value === "boolean") return undefined;
      return invalid(
        definition,
        field.name,
        `its field "${field.name}" must be true or false`,
        value,
      );
    case "choice":
      if (typeof value === "string" && field.of.has(value)) return undefined;
      return invalid(
        definition,
        field.name,
        `its field "${field.name}" must be one of its choices`,
        value,
      );
    case "label": {
      if (typeof value === "string") {
        const found = checkLabel(value);
        if (found === undefined) return undefined;
        if (found !== "form") return personal(definition, field.name, found);
      }
      return invalid(
        definition,
        field.name,
        `its field "${field.name}" must be 1 to 64 of A–Z a–z 0–9 space _ . : / + -`,
        value,
      );
    }
    case "text":
      if (typeof value !== "string" || value.length > field.max) {
        return invalid(
          definition,
          field.name,
          `its field "${field.name}" must be a text of at most ${field.max} characters`,
          value,
        );
      }
      if (scrubText(value, field.max) === value) return undefined;
      return personal(definition, field.name, "text");
    case "sketch":
      if (isSketch(value, field.max)) return undefined;
      return invalid(
        definition,
        field.name,
        `its field "${field.name}" must be a sketch of values up to ${field.max}`,
        value,
      );
  }
}

function personal(
  definition: EventDefinition,
  field: string,
  kind: PersonalDataKind | "text",
): FieldProblem {
  return {
    reason: "personalData",
    field,
    message: `Cannot record "${definition.name}" as its field "${field}" must ${
      kind === "text"
        ? "be scrubbed of personal data"
        : `not look like personal data: it looks like ${WORDS[kind]}`
    }`,
  };
}

const WORDS: Readonly<Record<PersonalDataKind, string>> = {
  email: "an e-mail address",
  ipAddress: "an IP address",
  macAddress: "a MAC address",
  telephone: "a telephone number",
  card: "a card number",
  iban: "an IBAN",
  socialSecurity: "a social security number",
  number: "a long number of somebody or something",
  url: "the URL of somebody's page",
  path: "a path in somebody's home directory",
  token: "an id or a token",
};

function invalid(
  definition: EventDefinition,
  field: string,
  wanted: string,
  value?: unknown,
): FieldProblem {
  const current = value === undefined
    ? ""
    : `: current value is ${kind(value)}`;
  return {
    reason: "invalidField",
    field,
    message: `Cannot record "${definition.name}" as ${wanted}${current}`,
  };
}

/** What a value is, in words that give nothing of it away but small numbers. */
function kind(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `a string of ${value.length} characters`;
    case "number":
      return Math.abs(value) >= 1e6 && Number.isFinite(value)
        ? "a number beyond ±1000000"
        : `${value}`;
    case "boolean":
      return `${value}`;
    default:
      return value === null ? "null" : `of type ${typeof value}`;
  }
}

// This module is browser compatible.
import { checkFields } from "../event/check_fields.ts";
import type { EventDefinition, FieldValue } from "../event/event_definition.ts";
import type { LabelGuard } from "./_label_guard.ts";
import { KEY_FIELDS, keyPairOf, OTHER } from "./roll_up.ts";

/** Why an event was refused; PROTOCOL.md, section 4. */
export type RefusalReason =
  | "unknownEvent"
  | "unknownField"
  | "missingField"
  | "invalidField"
  | "personalData"
  | "invalidTime"
  | "erased";

/** Where the values of an event begin: behind the index of its definition and its time. */
const FIRST_VALUE = 2;

interface Column {
  readonly name: string;
  /** `undefined` if the event has no such field. */
  readonly kind: EventDefinition["fields"][string]["kind"] | undefined;
  /** What stands before the value in JSON, as the first field. */
  readonly first: string;
  /** The same as a later one. */
  readonly later: string;
  /** What is guarded of the title, if the field is a key of sums. */
  readonly key: string | undefined;
}

/** Reads events of one definition whose fields come in one order. */
export class EventReader {
  /** The event's name, also if there is no such event. */
  readonly name: string;
  readonly #definition: EventDefinition | undefined;
  readonly #columns: readonly Column[];
  readonly #guard: LabelGuard;
  readonly #nowMs: number;
  #reason: RefusalReason = "unknownEvent";

  constructor(
    name: string,
    definition: EventDefinition | undefined,
    fields: readonly string[],
    guard: LabelGuard,
    nowMs: number,
  ) {
    this.name = name;
    this.#definition = definition;
    this.#columns = definition === undefined
      ? []
      : fields.map((field) => columnOf(definition, field));
    this.#guard = guard;
    this.#nowMs = nowMs;
  }

  /** Why the last event was refused. */
  get reason(): RefusalReason {
    return this.#reason;
  }

  /**
   * Reads an event.
   *
   * @param entry The index of its definition, its time, and its values.
   * @returns Its fields as JSON, or `undefined` if it is refused, as `reason` says.
   */
  read(entry: readonly unknown[]): string | undefined {
    const definition = this.#definition;
    if (definition === undefined) return this.refuse("unknownEvent");
    const columns = this.#columns;
    const fields: Record<string, FieldValue> = {};
    for (let i = 0; i < columns.length; i++) {
      const value = entry[i + FIRST_VALUE];
      if (value === null || value === undefined) continue;
      const { name, kind } = columns[i]!;
      if (kind === undefined) return this.refuse("unknownField");
      fields[name] = value as FieldValue;
    }
    for (let i = columns.length + FIRST_VALUE; i < entry.length; i++) {
      if (entry[i] !== null) return this.refuse("unknownField");
    }
    const refusal = checkFields(definition, fields);
    if (refusal !== undefined) return this.refuse(refusal.reason);
    const pair = keyPairOf(this.name, fields);
    const isOther = pair !== undefined &&
      !this.#guard.hasPair(this.name, pair, this.#nowMs);
    return this.#write(entry, isOther);
  }

  /** Refuses an event. */
  refuse(reason: RefusalReason): undefined {
    this.#reason = this.#definition === undefined ? "unknownEvent" : reason;
    return undefined;
  }

  /** Writes an event; what is a key of sums as `"other"`, if it is said so. */
  #write(entry: readonly unknown[], isOther: boolean): string {
    const columns = this.#columns;
    let json = "{";
    for (let i = 0; i < columns.length; i++) {
      const value = entry[i + FIRST_VALUE];
      if (value === null || value === undefined) continue;
      const column = columns[i]!;
      json += json.length === 1 ? column.first : column.later;
      switch (column.kind) {
        case "label": {
          const { key } = column;
          const label = value as string;
          // What is in a label needs no escape.
          if (key === undefined) json += `"${label}"`;
          else if (isOther) json += `"${OTHER}"`;
          else json += `"${this.#guard.key(key, label, this.#nowMs)}"`;
          break;
        }
        case "choice":
          json += `"${value as string}"`;
          break;
        case "text":
        case "sketch":
          json += JSON.stringify(value);
          break;
        default:
          json += value as number | boolean;
      }
    }
    return json + "}";
  }
}

function columnOf(definition: EventDefinition, field: string): Column {
  const { fields } = definition;
  const name = JSON.stringify(field);
  return {
    name: field,
    kind: Object.hasOwn(fields, field) ? fields[field]!.kind : undefined,
    first: `${name}:`,
    later: `,${name}:`,
    key: KEY_FIELDS.get(definition.name)?.has(field)
      ? `${definition.name}.${field}`
      : undefined,
  };
}

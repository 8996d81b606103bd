// This module is browser compatible.
import { type CsvCell, csvLine } from "../../core/mod.ts";
import type { FieldValue, FieldValues } from "./event_definition.ts";

/** An event for a table. */
export interface EventCsvRow {
  /** When it happened, in epoch milliseconds. */
  readonly timeMs: number;
  /** Its number in its session. */
  readonly number: number;
  /** Its name. */
  readonly name: string;
  /** The values of its fields. */
  readonly fields: FieldValues;
}

const FIXED: readonly string[] = ["time", "number", "name"];

/**
 * Writes events as CSV (RFC 4180): a header, then a row for each, with its time (ISO 8601, UTC), number and name, and a
 * column for each field that one of them has, in the order in which they are met. Fields that are called like the first
 * three are `fields.name` and the like. Texts that a spreadsheet would take for a formula begin with an apostrophe.
 *
 * @param events The events.
 * @returns The text; each line ends with CR LF.
 */
export function eventCsv(events: readonly EventCsvRow[]): string {
  const columns = new Set<string>();
  for (const { fields } of events) {
    for (const name of Object.keys(fields)) columns.add(name);
  }
  const header = [
    ...FIXED,
    ...[...columns].map((name) =>
      FIXED.includes(name) ? `fields.${name}` : name
    ),
  ];
  let text = csvLine(header);
  for (const { timeMs, number, name, fields } of events) {
    const cells: CsvCell[] = [new Date(timeMs).toISOString(), number, name];
    for (const column of columns) {
      cells.push(Object.hasOwn(fields, column) ? toCell(fields[column]) : null);
    }
    text += csvLine(cells);
  }
  return text;
}

function toCell(value: FieldValue | undefined): CsvCell {
  if (value === undefined) return null;
  return typeof value === "object" ? JSON.stringify(value) : value;
}
